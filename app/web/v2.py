"""The Open Inference Protocol's routes beside inference: the server, health, and each model's metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from app.model import Model
from app.prediction.formats.v2 import DATATYPES, output
from app.problem import Problem
from app.web.health import check_ready, json_response

MODEL_PATHS = ("/v2/models/<name>", "/v2/models/<name>/versions/<version>")


def blueprint(models: Sequence[Model]) -> Blueprint:
    routes = Blueprint("v2", __name__)
    by_name = {model.id.name: model for model in models}

    def find(name: str, version: str | None) -> Model:
        model = by_name.get(name)
        if model is None or version not in (None, model.id.version):
            raise Problem("not_found", "no such model or version")
        return model

    def metadata(name: str, version: str | None = None) -> Response:
        return json_response(_metadata(find(name, version)))

    def model_ready(name: str, version: str | None = None) -> Response:
        check_ready(find(name, version))
        return json_response({"name": name, "ready": True})

    def ready() -> Response:
        for model in models:
            check_ready(model)
        return json_response({"ready": True})

    server = {"name": "slipway", "version": "2", "extensions": []}
    routes.add_url_rule("/v2", "server", lambda: json_response(server))
    routes.add_url_rule("/v2/health/live", "live", lambda: json_response({"live": True}))
    routes.add_url_rule("/v2/health/ready", "ready", ready)
    for path in MODEL_PATHS:
        routes.add_url_rule(path, f"metadata {path}", metadata)
        routes.add_url_rule(f"{path}/ready", f"ready {path}", model_ready)
    return routes


def _metadata(model: Model) -> dict[str, Any]:
    name, version = model.id
    inputs = [{"name": f.name, "datatype": DATATYPES[f.type], "shape": [-1]} for f in model.contract.fields]
    outputs = [output(model.bundle.golden.outputs)]
    return {"name": name, "versions": [version], "platform": "xgboost", "inputs": inputs, "outputs": outputs}
