"""The Flask application: everything but the hot path, and the hot path too where another server runs it."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from app.model import Model
from app.prediction.formats.mlflow import MLflow
from app.prediction.formats.rows import envelope
from app.prediction.formats.v2 import DATATYPES, V2, output
from app.prediction.predictions import JSON, Asked, Predictions
from app.problem import Problem
from app.web import openapi, pages

log = logging.getLogger("slipway")

REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "not_ready",
}


def create_app(predictions: Predictions) -> Flask:
    """Return the application that serves `predictions` and all that belongs to them."""
    app = Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = predictions.settings.max_body_bytes
    # A path with a slash too many is no path of ours: not found, rather than a redirect.
    app.url_map.merge_slashes = False
    app.before_request(_identify)
    app.after_request(_name_request)
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _fail)
    _add_predictions(app, predictions)
    _add_health(app, predictions)
    _add_v2(app, predictions)
    _add_documents(app, predictions)
    return app


def request_id(given: str | None) -> str:
    """Return the caller's id for the request where it is fit for a log and a header, else a new one."""
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _add_predictions(app: Flask, predictions: Predictions) -> None:
    def predict() -> Response:
        header = request.headers.get
        asked = Asked(
            header("content-type", ""),
            header("content-encoding", ""),
            header("inference-header-content-length", ""),
            g.request_id,
        )
        answer = predictions.answer(predictions.routes[request.path], asked, request.get_data())
        return Response(answer.body, answer.status, content_type=JSON)

    for path in predictions.routes:
        app.add_url_rule(path, path, predict, methods=["POST"])


def _add_health(app: Flask, predictions: Predictions) -> None:
    def ready() -> Response:
        for model in predictions.models:
            if not model.ready():
                raise Problem("not_ready", f"model {model.served.name!r} misses its golden answers")
        return _json({"status": "ready"})

    def alive() -> Response:
        return _json({"status": "ok"})

    def version() -> Response:
        return _json({"image": predictions.settings.image, "models": [_described(m) for m in predictions.models]})

    def metrics() -> Response:
        return Response(predictions.metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    app.register_error_handler(Problem, _answer)
    # /ping and /health are what MLflow's own scoring server is asked.
    for path in ("/healthz", "/ping", "/health"):
        app.add_url_rule(path, path, alive)
    app.add_url_rule("/readyz", "readyz", ready)
    app.add_url_rule("/version", "version", version)
    app.add_url_rule("/metrics", "metrics", metrics)


def _add_v2(app: Flask, predictions: Predictions) -> None:
    models = {model.served.name: model for model in predictions.models}

    def find(name: str, version: str | None) -> Model:
        model = models.get(name)
        if model is None or version not in (None, model.served.version):
            raise Problem("not_found", "no such model or version")
        return model

    def ready(name: str, version: str | None = None) -> Response:
        model = find(name, version)
        if not model.ready():
            raise Problem("not_ready", f"model {name!r} misses its golden answers")
        return _json({"name": name, "ready": True})

    app.add_url_rule("/v2", "v2", lambda: _json({"name": "slipway", "version": "2", "extensions": []}))
    app.add_url_rule("/v2/health/live", "v2_live", lambda: _json({"live": True}))
    app.add_url_rule(
        "/v2/health/ready",
        "v2_ready",
        lambda: _json({"ready": all(ready(name).status_code == 200 for name in models)}),
    )
    for path in ("/v2/models/<name>", "/v2/models/<name>/versions/<version>"):
        app.add_url_rule(path, path, lambda name, version=None: _json(_metadata(find(name, version))))
        app.add_url_rule(f"{path}/ready", f"{path}/ready", ready)


def _add_documents(app: Flask, predictions: Predictions) -> None:
    settings = predictions.settings
    limits = openapi.Limits(settings.max_rows, settings.max_body_bytes)
    # Made once: it is the same for as long as the process lives.
    models = [
        openapi.Described(*model.served, model.bundle.fields, model.bundle.golden) for model in predictions.models
    ]
    document = orjson.dumps(openapi.document(models, models[0].name, limits))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(document, content_type=JSON))
    app.register_blueprint(pages.blueprint())


def _metadata(model: Model) -> dict[str, Any]:
    inputs = [{"name": f.name, "datatype": DATATYPES[f.type], "shape": [-1]} for f in model.contract.fields]
    outputs = [output(model.bundle.golden.outputs)]
    name, version = model.served
    return {"name": name, "versions": [version], "platform": "xgboost", "inputs": inputs, "outputs": outputs}


def _described(model: Model) -> dict[str, Any]:
    name, version = model.served
    return {"name": name, "version": version, "sha256": model.bundle.sha256, "engine": model.engine.name}


def _identify() -> None:
    g.request_id = request_id(request.headers.get("x-request-id"))


def _name_request(response: Response) -> Response:
    response.headers["x-request-id"] = g.request_id
    response.headers.pop("date", None)  # the HTTP server sets its own
    return response


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), content_type=JSON)


def _refuse(error: HTTPException) -> Response:
    """Answer what Werkzeug refuses in the same form as all else."""
    code = CODES.get(error.code or 500, "bad_request" if (error.code or 500) < 500 else "internal")
    response = _answer(Problem(code, _sentence(code)))
    if error.code == 405:
        response.headers["allow"] = error.get_response().headers.get("allow", "")
    return response


def _sentence(code: str) -> str:
    sentences = {"not_found": "no such path here; /docs lists them", "method_not_allowed": "not with this method"}
    return sentences.get(code, code.replace("_", " "))


def _fail(error: Exception) -> Response:
    # The route, not the path: a path may hold what the caller alone should know.
    where = {"request_id": g.request_id, "route": str(request.url_rule)}
    log.error("request failed", exc_info=error, extra=where)
    return _answer(Problem("internal", "the request failed, the log has it by the request id"))


def _answer(problem: Problem) -> Response:
    """Log the problem, and return it in the form of the protocol that the path belongs to."""
    where = {"code": problem.code, "status": problem.status}
    log.warning("refused", extra={"request_id": g.request_id, **where})
    if request.path == "/v2" or request.path.startswith("/v2/"):
        body = V2().error(problem, g.request_id)
    elif request.path == "/invocations":
        body = MLflow().error(problem, g.request_id)
    else:
        body = envelope(problem)
    return Response(body, problem.status, content_type=JSON)
