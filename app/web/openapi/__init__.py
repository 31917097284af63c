"""`/openapi.json`: the API as this server offers it, made from the signatures of its models."""

from __future__ import annotations

from collections.abc import Sequence

from app.prediction.json_body import BYTES_A_VALUE
from app.web.openapi import mlflow, rows, service, v2, values
from app.web.openapi.described import Described, Limits
from app.web.openapi.responses import HEADERS, RESPONSES, SCHEMAS
from app.web.openapi.schema import Json, merged

__all__ = ["Described", "Json", "Limits", "document"]

TITLE = "Slipway"
# The version of these routes; each model has its own.
VERSION = "1"
DESCRIPTION = """\
Predictions in the request shapes that people have: rows and columns on `/predict`, MLflow scoring on `/invocations`, \
the Open Inference Protocol under `/v2`. One contract stands behind all of them: the model's signature. A field that \
is missing, unknown, given twice or of the wrong type gets an error that says which, never a guess.

A request holds 1 to {max_rows} rows in at most {max_body_bytes} bytes of UTF-8, and at most one value for every \
{bytes_a_value} of them. `null` says that a value is missing, \
where the field allows it. Every answer has an `x-request-id`, the caller's own where one was sent. Any other path \
gets 404, any other method 405.

JSON Schema cannot say that two arrays are equally long. Where a request needs that, it is spelled out here for \
{lengths} rows, and more rows are as welcome.
"""


def document(models: Sequence[Described], default: str, limits: Limits) -> Json:
    """Return the OpenAPI 3.1 document for `models`, of which the one called `default` answers where none is named."""
    first = next(model for model in models if model.name == default)
    parts = [mlflow.schemas(first, limits), *(shape.schemas(m, limits) for m in models for shape in (rows, v2))]
    paths = [
        rows.default_paths(first),
        *map(rows.paths, models),
        mlflow.paths(first),
        v2.SERVER_PATHS,
        *map(v2.paths, models),
    ]
    listed = [{"name": model.name, "version": model.version, "default": model.name == default} for model in models]
    return {
        "openapi": "3.1.1",
        "info": {"title": TITLE, "version": VERSION, "description": _description(limits)},
        "tags": [*rows.TAGS, *mlflow.TAGS, *v2.TAGS, *service.TAGS],
        "paths": merged(*paths, service.PATHS),
        "components": {
            "schemas": merged(values.schemas(models), SCHEMAS, *parts),
            "responses": RESPONSES,
            "headers": HEADERS,
        },
        "x-slipway-models": listed,
    }


def _description(limits: Limits) -> str:
    *most, last = map(str, values.LENGTHS)
    return DESCRIPTION.format(**vars(limits), bytes_a_value=BYTES_A_VALUE, lengths=f"{', '.join(most)} and {last}")
