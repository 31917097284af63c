"""The routes about the server itself: alive, ready, its version, its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Blueprint, Response

from app.metrics import Metrics
from app.model import Model
from app.prediction.request_info import JSON
from app.problem import Problem
from app.settings import Settings

# /ping and /health are what clients of MLflow's own scoring server ask.
ALIVE = ("/healthz", "/ping", "/health")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint(settings: Settings, models: Sequence[Model], metrics: Metrics) -> Blueprint:
    routes = Blueprint("health", __name__)

    def ready() -> Response:
        for model in models:
            check_ready(model)
        return json_response({"status": "ready"})

    for path in ALIVE:
        routes.add_url_rule(path, path.strip("/"), lambda: json_response({"status": "ok"}))
    version = {"image": settings.image, "models": [_description(model) for model in models]}
    routes.add_url_rule("/readyz", "readyz", ready)
    routes.add_url_rule("/version", "version", lambda: json_response(version))
    routes.add_url_rule("/metrics", "metrics", lambda: Response(metrics.exposition(), content_type=METRICS_TYPE))
    return routes


def check_ready(model: Model) -> None:
    """Raise Problem unless the model gives its golden answers now."""
    if not model.ready():
        raise Problem("not_ready", f"model {model.id.name!r} does not give its golden answers")


def json_response(document: Any) -> Response:
    return Response(orjson.dumps(document), content_type=JSON)


def _description(model: Model) -> dict[str, Any]:
    return {**model.id._asdict(), "sha256": model.bundle.sha256, "engine": model.engine.name}
