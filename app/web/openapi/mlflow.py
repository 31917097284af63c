"""`/invocations`: MLflow's scoring protocol, for the default model."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from app.bundle import Field
from app.web.openapi import values
from app.web.openapi.model_description import Limits, ModelDescription, Row
from app.web.openapi.responses import PREDICTION, errors, ok
from app.web.openapi.schema import Json, content, ref, sized, strict

TAGS: list[Json] = [
    {"name": "MLflow scoring", "description": "Requests as clients of `mlflow models serve` send them."}
]
CSV = "text/csv"
DESCRIPTION = """\
Exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`; or a CSV with a header, in which an \
empty cell is a missing value. `NaN`, as MLflow's Python client writes it, is read as `null`. `columns`, the members \
of a record and the columns of a CSV may have any order, and hold each field once. An `index` is ignored. The model \
takes no `params`."""
# Some of the numbers that the server reads, for clients that generate requests: each is within the range of its type.
DECIMAL = r"-?([0-9]{1,17}(\.[0-9]{1,17})?|[0-9](\.[0-9]{1,17})?e(-[0-9]{1,3}|\+?[12]?[0-9]))"
CELLS = {
    "double": DECIMAL,
    "float": DECIMAL,
    "long": "-?[0-9]{1,18}",
    "integer": "-?[0-9]{1,9}",
    "boolean": "(true|false)",
}


def schemas(model: ModelDescription, limits: Limits) -> Json:
    return {
        f"{model.name}.Record": values.record(model),
        f"{model.name}.Records": values.many(f"{model.name}.Record", limits),
        f"{model.name}.Scores": strict({"predictions": ref(f"{model.name}.Predictions")}),
    }


def paths(model: ModelDescription) -> Json:
    pairs = model.examples()
    rows, answers = [row for row, _ in pairs], [answer for _, answer in pairs]
    requests = _requests(model, rows)
    responses = {key: (summary, {"predictions": answers}) for key, (summary, _) in requests.items()}
    plain = {"csv": ("CSV", _csv(model, rows))}
    responses |= {key: (summary, {"predictions": answers}) for key, (summary, _) in plain.items()}
    body = content(_body(model), requests) | content({"type": "string", "pattern": _csv_pattern(model)}, plain, CSV)
    operation = {
        "operationId": "invocations",
        "tags": [TAGS[0]["name"]],
        "summary": "Score rows with the default model",
        "description": DESCRIPTION,
        "requestBody": {"required": True, "content": body},
        "responses": ok("One prediction for each row, in order.", content(ref(f"{model.name}.Scores"), responses))
        | errors(PREDICTION, "MLflowError"),
    }
    return {"/invocations": {"post": operation}}


def _body(model: ModelDescription) -> Json:
    rows, records, columns = (ref(f"{model.name}.{kind}") for kind in ("Rows", "Records", "Columns"))
    forms = {
        "dataframe_split": {"anyOf": _splits(model, rows)},
        "dataframe_records": records,
        "instances": {"anyOf": [rows, records]},
        "inputs": {"anyOf": [rows, records, columns]},
    }
    params = {"type": "object", "maxProperties": 0}
    return {"oneOf": [strict({form: schema, "params": params}, ["params"]) for form, schema in forms.items()]}


def _splits(model: ModelDescription, rows: Json) -> list[Json]:
    """Return the schemas of dataframe_split: without an index, and with one that is as long as data."""
    columns = {"const": model.names}
    indexed = [
        strict(
            {
                "columns": columns,
                "index": sized({}, count, count),
                "data": sized(ref(f"{model.name}.Row"), count, count),
            }
        )
        for count in values.LENGTHS
    ]
    return [strict({"columns": columns, "data": rows}), *indexed]


def _requests(model: ModelDescription, rows: list[Row]) -> dict[str, tuple[str, Any]]:
    plain = [list(row) for row in rows]
    records = [dict(zip(model.names, row, strict=True)) for row in rows]
    split = {"columns": model.names, "data": plain}
    return {
        "dataframe_split": ("A data frame, split", {"dataframe_split": split}),
        "dataframe_split_index": (
            "A data frame, split, with its index",
            {"dataframe_split": {**split, "index": list(range(len(plain)))}},
        ),
        "dataframe_records": ("A data frame's records", {"dataframe_records": records}),
        "instances": ("Rows", {"instances": plain}),
        "instances_records": ("Records", {"instances": records}),
        "inputs": ("Rows, as inputs", {"inputs": plain}),
        "inputs_columns": ("Columns", {"inputs": values.by_field(model, rows)}),
    }


def _csv(model: ModelDescription, rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _csv_pattern(model: ModelDescription) -> str:
    header = re.escape(_csv(model, []).rstrip("\n"))
    line = ",".join(_cell_pattern(field, alone=len(model.fields) == 1) for field in model.fields)
    return rf"^{header}\r?\n({line}\r?\n)+$"


def _cell_pattern(field: Field, alone: bool) -> str:
    # A line whose only cell is empty is an empty line, and the server skips it.
    return f"({CELLS[field.type]})?" if field.nullable and not alone else CELLS[field.type]
