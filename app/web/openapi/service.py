"""The routes about the server itself."""

from __future__ import annotations

from app.web.openapi.responses import TEXT, errors, ok
from app.web.openapi.schema import JSON, Json, strict

TAGS: list[Json] = [{"name": "Service", "description": "Health, versions, metrics, and this description."}]


def _get(name: str, summary: str, schema: Json, *statuses: int, kind: str = JSON) -> Json:
    responses = ok("Success.", {kind: {"schema": schema}}) | errors((*statuses, 500), "Error")
    return {"get": {"operationId": name, "tags": [TAGS[0]["name"]], "summary": summary, "responses": responses}}


_OK = strict({"status": {"const": "ok"}})
_READY = strict({"status": {"const": "ready"}})
_MODEL = strict({"name": TEXT, "version": TEXT, "sha256": {**TEXT, "pattern": "^[0-9a-f]{64}$"}, "engine": TEXT})
_VERSION = strict({"image": TEXT, "models": {"type": "array", "items": _MODEL, "minItems": 1}})

PATHS: Json = {
    "/healthz": _get("healthz", "Return whether the process answers", _OK),
    "/ping": _get("ping", "The same, for MLflow's clients", _OK),
    "/health": _get("health", "The same, for MLflow's clients", _OK),
    "/readyz": _get("readyz", "Return whether each model gives its golden answers", _READY, 503),
    "/version": _get("version", "Return the image, and the models with versions and digests", _VERSION),
    "/metrics": _get(
        "metrics", "Return the metrics of all workers, in Prometheus's text format", TEXT, kind="text/plain"
    ),
    "/openapi.json": _get("openapi", "Return this description", {"type": "object"}),
    "/docs": _get("docs", "Show this description as a page on which predictions can be tried", TEXT, kind="text/html"),
}
