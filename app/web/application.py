"""The Flask application: health, versions, metrics, V2's metadata, the API's description and its page.

It answers no prediction: `app.serving` does that before a request gets here.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from flask import Flask, Response

from app.metrics import Metrics
from app.model import Model
from app.prediction.request_info import JSON
from app.settings import Settings
from app.web import errors, health, openapi, pages, v2


def create_app(settings: Settings, models: Sequence[Model], metrics: Metrics) -> Flask:
    """Return the application for these models, the first of which is the default."""
    app = Flask("app", static_folder=None)
    # A path with an extra slash is not found: Flask would redirect it.
    app.url_map.merge_slashes = False
    app.after_request(_remove_date)
    errors.register(app)
    app.register_blueprint(health.blueprint(settings, models, metrics))
    app.register_blueprint(v2.blueprint(models))
    app.register_blueprint(pages.blueprint())
    # Made once: it is the same for as long as the process lives.
    description = orjson.dumps(_description(settings, models))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(description, content_type=JSON))
    return app


def _description(settings: Settings, models: Sequence[Model]) -> openapi.Json:
    limits = openapi.Limits(settings.max_rows, settings.max_body_bytes)
    described = [openapi.ModelDescription(*model.id, model.bundle.fields, model.bundle.golden) for model in models]
    return openapi.document(described, described[0].name, limits)


def _remove_date(response: Response) -> Response:
    response.headers.pop("date", None)  # the HTTP server sets its own
    return response
