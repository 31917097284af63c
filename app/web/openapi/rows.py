"""`/predict`: rows and columns."""

from __future__ import annotations

from typing import Any

from app.prediction.formats.rows import ROWS
from app.web.openapi import values
from app.web.openapi.model_description import Limits, ModelDescription, Row
from app.web.openapi.responses import PREDICTION, errors, ok
from app.web.openapi.schema import Json, content, ref, sized, strict

TAGS: list[Json] = [{"name": "Predict", "description": "Rows or columns in, predictions out."}]
COLUMNS = "columns"


def schemas(model: ModelDescription, limits: Limits) -> Json:
    """Return the schemas of rows and columns, which the other protocols use too, and of the answer."""
    return {
        f"{model.name}.Row": values.row(model),
        f"{model.name}.Rows": values.many(f"{model.name}.Row", limits),
        f"{model.name}.Columns": values.columns(model),
        f"{model.name}.Predictions": predictions(model, limits.max_rows),
        f"{model.name}.Answer": strict(
            {
                "predictions": ref(f"{model.name}.Predictions"),
                "model": {"const": model.name},
                "version": {"const": model.version},
            }
        ),
    }


def predictions(model: ModelDescription, most: int) -> Json:
    """Return the schema of the predictions: one number a row, or as many as the model has outputs."""
    width = model.golden.outputs
    number: Json = {"type": "number"}
    return sized(number if width is None else sized(number, width, width), 1, most)


def default_paths(model: ModelDescription) -> Json:
    return {"/predict": {"post": _operation(model, "predict", "Predict with the default model", PREDICTION)}}


def paths(model: ModelDescription) -> Json:
    summary = f"Predict with {model.name}"
    return {f"/predict/{model.name}": {"post": _operation(model, f"predict-{model.name}", summary, (*PREDICTION, 404))}}


def _operation(model: ModelDescription, name: str, summary: str, statuses: tuple[int, ...]) -> Json:
    body = {"anyOf": [strict({ROWS: ref(f"{model.name}.Rows")}), ref(f"{model.name}.Columns")]}
    requests = {key: (words, _request(model, key, [row for row, _ in pairs])) for key, words, pairs in _examples(model)}
    responses = {
        key: (words, _answer(model, [answer for _, answer in pairs])) for key, words, pairs in _examples(model)
    }
    return {
        "operationId": name,
        "tags": [TAGS[0]["name"]],
        "summary": summary,
        "description": f"A row is an array of {', '.join(f'`{field}`' for field in model.names)}; columns are named.",
        "requestBody": {"required": True, "content": content(body, requests)},
        "responses": ok("One prediction for each row, in order.", content(ref(f"{model.name}.Answer"), responses))
        | errors(statuses, "Error"),
    }


def _examples(model: ModelDescription) -> list[tuple[str, str, list[tuple[Row, Any]]]]:
    pairs = model.examples()
    named = [("rows", "Rows", pairs[:2]), (COLUMNS, "Columns", pairs[:2])]
    return [*named, ("missing", "A missing value", pairs[-1:])] if None in pairs[-1][0] else named


def _request(model: ModelDescription, key: str, rows: list[Row]) -> Json:
    return dict(values.by_field(model, rows)) if key == COLUMNS else {ROWS: [list(row) for row in rows]}


def _answer(model: ModelDescription, answers: list[Any]) -> Json:
    return {"predictions": answers, "model": model.name, "version": model.version}
