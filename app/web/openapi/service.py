"""The routes that say how the service itself is."""

from __future__ import annotations

from app.web.openapi.responses import TEXT, errors, ok
from app.web.openapi.schema import JSON, Json, strict

TAGS: list[Json] = [{"name": "Service", "description": "Health, versions, metrics, and this document."}]


def _get(name: str, summary: str, schema: Json, *statuses: int, kind: str = JSON) -> Json:
    told = ok("As it says.", {kind: {"schema": schema}}) | errors((*statuses, 500), "Error")
    return {"get": {"operationId": name, "tags": [TAGS[0]["name"]], "summary": summary, "responses": told}}


_OK = strict({"status": {"const": "ok"}})
_READY = strict({"status": {"const": "ready"}})
_MODEL = strict({"name": TEXT, "version": TEXT, "sha256": {**TEXT, "pattern": "^[0-9a-f]{64}$"}, "engine": TEXT})
_VERSION = strict({"image": TEXT, "models": {"type": "array", "items": _MODEL, "minItems": 1}})

PATHS: Json = {
    "/healthz": _get("healthz", "Tell whether the process answers", _OK),
    "/ping": _get("ping", "The same, where MLflow's clients ask", _OK),
    "/health": _get("health", "The same, where MLflow's clients ask", _OK),
    "/readyz": _get("readyz", "Tell whether each model gives its golden answers", _READY, 503),
    "/version": _get("version", "Name the image, the models, their versions and digests", _VERSION),
    "/metrics": _get("metrics", "Metrics of all workers, in Prometheus's text format", TEXT, kind="text/plain"),
    "/openapi.json": _get("openapi", "This document", {"type": "object"}),
    "/docs": _get("docs", "A page that shows this document and tries predictions", TEXT, kind="text/html"),
}
