"""What every route may answer besides its own 200: each protocol's error envelope, by status."""

from __future__ import annotations

from collections.abc import Iterable

from app.prediction.formats.mlflow import ERROR_CODES
from app.problem import STATUS
from app.web.openapi.schema import JSON, Json, ref, strict

TEXT: Json = {"type": "string"}
REQUEST_ID = "x-request-id"
RETRY_AFTER = "retry-after"

SENTENCES = {
    400: "Not a request that can be read.",
    404: "Nothing is served under this name; a release may have replaced it.",
    408: "The body was not whole in time.",
    413: "The body is larger than the limit.",
    415: "The body is of a type that is not read here.",
    422: "The rows break the contract of the model's signature.",
    429: "Too many requests at once.",
    500: "The server failed; its log has the cause by the request id.",
    503: "Not ready: the golden rows do not get the golden answers.",
}
# What a prediction may get, whatever the protocol; 404 besides, where the path names a model.
PREDICTION = (400, 408, 413, 415, 422, 429, 500)
STATUSES = {"Error": (*PREDICTION, 404, 503), "MLflowError": PREDICTION, "V2Error": (*PREDICTION, 404, 503)}

SCHEMAS: Json = {
    "Error": strict(
        {
            "error": strict(
                {
                    "code": {"type": "string", "enum": sorted(STATUS)},
                    "message": {"type": "string", "description": "What was wanted; never a value of the request's."},
                    "field": {"type": ["string", "null"], "description": "The field, where one is to blame."},
                    "row": {"type": ["integer", "null"], "minimum": 0, "description": "The row, counted from 0."},
                }
            )
        }
    ),
    "MLflowError": strict(
        {"error_code": {"type": "string", "enum": sorted({"BAD_REQUEST", *ERROR_CODES.values()})}, "message": TEXT}
    ),
    "V2Error": strict({"error": TEXT}),
}

HEADERS: Json = {
    REQUEST_ID: {"description": "The request's id, here and in the log.", "required": True, "schema": TEXT},
    RETRY_AFTER: {"description": "Seconds after which to try again.", "schema": {"type": "integer"}},
}


def _headers(*names: str) -> Json:
    return {name: ref(name, "headers") for name in names}


def ok(description: str, content: Json) -> Json:
    """Return the responses of a route where all went well."""
    return {"200": {"description": description, "headers": _headers(REQUEST_ID), "content": content}}


def errors(statuses: Iterable[int], envelope: str) -> Json:
    """Return the responses for these statuses, in one of the three envelopes."""
    return {str(status): ref(f"{envelope}-{status}", "responses") for status in sorted(statuses)}


def _error(status: int, envelope: str) -> Json:
    codes = ", ".join(f"`{code}`" for code, its in STATUS.items() if its == status)
    names = (REQUEST_ID, RETRY_AFTER) if status == 429 else (REQUEST_ID,)
    description = f"{SENTENCES[status]} Codes: {codes}."
    return {"description": description, "headers": _headers(*names), "content": {JSON: {"schema": ref(envelope)}}}


RESPONSES: Json = {f"{name}-{status}": _error(status, name) for name, its in STATUSES.items() for status in its}
