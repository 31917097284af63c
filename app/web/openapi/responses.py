"""The errors that a route may answer with, by status, in the format of its protocol."""

from __future__ import annotations

from collections.abc import Iterable

from app.prediction.formats.mlflow import ERROR_CODES
from app.problem import STATUS
from app.web.openapi.schema import JSON, Json, ref, strict

TEXT: Json = {"type": "string"}
REQUEST_ID = "x-request-id"
RETRY_AFTER = "retry-after"

SENTENCES = {
    400: "The request cannot be read.",
    404: "There is no model or version of this name; a release may have replaced it.",
    408: "The body was not complete in time.",
    413: "The body is larger than the limit.",
    415: "The body has a type that this path does not read.",
    422: "The rows do not fit the model's signature.",
    429: "Too many requests at a time.",
    500: "The server failed; its log has the cause under the request id.",
    503: "The server is not ready: a model does not give its golden answers.",
}
# The errors of every prediction; if the path names a model, 404 as well.
PREDICTION = (400, 408, 413, 415, 422, 429, 500)
STATUSES = {"Error": (*PREDICTION, 404, 503), "MLflowError": PREDICTION, "V2Error": (*PREDICTION, 404, 503)}

SCHEMAS: Json = {
    "Error": strict(
        {
            "error": strict(
                {
                    "code": {"type": "string", "enum": sorted(STATUS)},
                    "message": {
                        "type": "string",
                        "description": "What was wanted; it never repeats a value of the request.",
                    },
                    "field": {"type": ["string", "null"], "description": "The field at fault, if there is one."},
                    "row": {
                        "type": ["integer", "null"],
                        "minimum": 0,
                        "description": "The row at fault, counted from 0.",
                    },
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
    REQUEST_ID: {"description": "The request's id, which the log has too.", "required": True, "schema": TEXT},
    RETRY_AFTER: {"description": "Seconds after which to try again.", "schema": {"type": "integer"}},
}


def _headers(*names: str) -> Json:
    return {name: ref(name, "headers") for name in names}


def ok(description: str, content: Json) -> Json:
    """Return the response of a route that succeeds."""
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
