"""`/v2`: the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from app.prediction.formats.rows import ROWS
from app.prediction.formats.v2 import DATATYPES, OUTPUT, OUTPUT_TYPE, output
from app.web.openapi import tensors
from app.web.openapi.model_description import Limits, ModelDescription
from app.web.openapi.responses import PREDICTION, TEXT, errors, ok
from app.web.openapi.schema import Json, content, ref, sized, strict

TAGS: list[Json] = [{"name": "Open Inference Protocol", "description": "Version 2 over REST, as in KServe and Triton."}]
EXAMPLE = {"id": "example-1"}
PARAMETERS: Json = {"type": "object"}
DESCRIPTION = f"""\
Either one input for each field, of shape `[rows]` or `[rows, 1]` and in any order, or a single input `{ROWS}` of \
shape `[rows, fields]` in the signature's order. `data` is flat in row-major order, or nested according to the shape. \
Integer datatypes are accepted for floats, if the values are in their range. The binary data extension is not \
supported."""


def schemas(model: ModelDescription, limits: Limits) -> Json:
    outputs = sized(strict({"name": {"const": OUTPUT}, "parameters": PARAMETERS}, ["parameters"]), 0, 1)
    request = {"id": TEXT, "parameters": PARAMETERS, "inputs": {"anyOf": tensors.schemas(model)}, "outputs": outputs}
    return {
        f"{model.name}.InferRequest": strict(request, ["id", "parameters", "outputs"]),
        f"{model.name}.InferResponse": _response(model, limits),
        f"{model.name}.Metadata": _metadata(model),
    }


def _response(model: ModelDescription, limits: Limits) -> Json:
    width = model.golden.outputs
    # Not item by item (prefixItems): schemathesis would take the schema of an answer for invalid.
    most = max(limits.max_rows, width or 1)
    dimensions = 1 if width is None else 2
    sizes = sized({"type": "integer", "minimum": 1, "maximum": most}, dimensions, dimensions)
    data = sized({"type": "number"}, width or 1, (width or 1) * limits.max_rows)
    tensor = strict({"name": {"const": OUTPUT}, "shape": sizes, "datatype": {"const": OUTPUT_TYPE}, "data": data})
    return strict(
        {
            "model_name": {"const": model.name},
            "model_version": {"const": model.version},
            "id": TEXT,
            "outputs": sized(tensor, 1, 1),
        }
    )


def _metadata(model: ModelDescription) -> Json:
    inputs = [{"name": field.name, "datatype": DATATYPES[field.type], "shape": [-1]} for field in model.fields]
    outputs = [output(model.golden.outputs)]
    names = {"name": {"const": model.name}, "versions": {"const": [model.version]}, "platform": TEXT}
    return strict({**names, "inputs": {"const": inputs}, "outputs": {"const": outputs}})


def paths(model: ModelDescription) -> Json:
    """Return the model's routes, each with and without its version in the path."""
    routes: Json = {}
    for suffix, path in (("", ""), (f"@{model.version}", f"/versions/{model.version}")):
        prefix, name = f"/v2/models/{model.name}{path}", f"{model.name}{suffix}"
        ready = strict({"name": {"const": model.name}, "ready": {"const": True}})
        routes |= {
            prefix: _get(f"v2-metadata-{name}", f"Describe {name}", ref(f"{model.name}.Metadata"), 404),
            f"{prefix}/ready": _get(f"v2-ready-{name}", f"Return whether {name} is ready", ready, 404, 503),
            f"{prefix}/infer": {"post": _infer(model, name)},
        }
    return routes


def _infer(model: ModelDescription, name: str) -> Json:
    answers = [answer for _, answer in model.examples()]
    requests = {key: (words, {**EXAMPLE, "inputs": inputs}) for key, (words, inputs) in tensors.examples(model).items()}
    responses = {key: (summary, _answer(model, answers)) for key, (summary, _) in requests.items()}
    return {
        "operationId": f"v2-infer-{name}",
        "tags": [TAGS[0]["name"]],
        "summary": f"Infer with {name}",
        "description": DESCRIPTION,
        "requestBody": {"required": True, "content": content(ref(f"{model.name}.InferRequest"), requests)},
        "responses": ok(
            "One prediction for each row, in order.", content(ref(f"{model.name}.InferResponse"), responses)
        )
        | errors((*PREDICTION, 404), "V2Error"),
    }


def _answer(model: ModelDescription, answers: list[Any]) -> Json:
    width = model.golden.outputs
    shape = [len(answers)] if width is None else [len(answers), width]
    data = answers if width is None else [value for row in answers for value in row]
    output = {"name": OUTPUT, "shape": shape, "datatype": OUTPUT_TYPE, "data": data}
    return {"model_name": model.name, "model_version": model.version, **EXAMPLE, "outputs": [output]}


def _get(name: str, summary: str, schema: Json, *statuses: int) -> Json:
    success = ok("Success.", content(schema, {}))
    return {
        "get": {
            "operationId": name,
            "tags": [TAGS[0]["name"]],
            "summary": summary,
            "responses": success | errors((*statuses, 500), "V2Error"),
        }
    }


_SERVER = strict({"name": TEXT, "version": TEXT, "extensions": {"type": "array", "items": TEXT}})
SERVER_PATHS: Json = {
    "/v2": _get("v2", "Describe the server", _SERVER),
    "/v2/health/live": _get("v2-live", "Return whether the server is alive", strict({"live": {"const": True}})),
    "/v2/health/ready": _get(
        "v2-ready", "Return whether all models are ready", strict({"ready": {"const": True}}), 503
    ),
}
