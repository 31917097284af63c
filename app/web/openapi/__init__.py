"""`/openapi.json`: the description of this server's API, made from the signatures of its models."""

from __future__ import annotations

from collections.abc import Sequence

from app.prediction.json_body import BYTES_A_VALUE
from app.web.openapi import mlflow, rows, service, v2, values
from app.web.openapi.model_description import Limits, ModelDescription
from app.web.openapi.responses import HEADERS, RESPONSES, SCHEMAS
from app.web.openapi.schema import Json, merged

__all__ = ["Json", "Limits", "ModelDescription", "document"]

TITLE = "Slipway"
# The gateway decides whether a request needs a key; this server cannot know it. `{}`: perhaps not.
SECURITY: list[Json] = [{}, {"bearer": []}, {"key": []}]
SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
# The version of these routes; each model has its own.
VERSION = "1"
DESCRIPTION = """\
Predictions in several request formats: rows and columns on `/predict`, MLflow scoring on `/invocations`, the Open \
Inference Protocol under `/v2`. The model's signature is the contract for all of them. If a field is missing, unknown, \
repeated or of the wrong type, the error names the field; the server never guesses.

A request holds 1 to {max_rows} rows in at most {max_body_bytes} bytes of UTF-8, and at most one value for every \
{bytes_a_value} bytes of that limit. `null` stands for a missing value, if the field allows it. Every answer has an \
`x-request-id`: the caller's own, or a new one. Any other path gets 404, any other method 405.

Some gateways ask for a key, as `Authorization: Bearer` or as `X-API-Key`. They answer 401 if there is none and 403 if \
it is unknown or has expired, in the format of the path.

JSON Schema cannot say that two arrays have the same length. Schemas that need this are spelled out for {lengths} \
rows. The server accepts more rows in the same way.
"""


def document(models: Sequence[ModelDescription], default: str, limits: Limits) -> Json:
    """Return the OpenAPI 3.1 document for `models`; the one called `default` serves the paths that name no model."""
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
        "security": SECURITY,
        "paths": merged(*paths, service.PATHS),
        "components": {
            "schemas": merged(values.schemas(models), SCHEMAS, *parts),
            "responses": RESPONSES,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
        "x-slipway-models": listed,
    }


def _description(limits: Limits) -> str:
    *most, last = map(str, values.LENGTHS)
    return DESCRIPTION.format(**vars(limits), bytes_a_value=BYTES_A_VALUE, lengths=f"{', '.join(most)} and {last}")
