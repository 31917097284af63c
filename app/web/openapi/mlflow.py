"""`/invocations`: MLflow's scoring protocol, for the default model."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from app.bundle import Field
from app.web.openapi import values
from app.web.openapi.described import Described, Limits, Row
from app.web.openapi.responses import PREDICTION, errors, ok
from app.web.openapi.schema import Json, content, ref, sized, strict

TAGS: list[Json] = [{"name": "MLflow scoring", "description": "What a client of `mlflow models serve` sends."}]
CSV = "text/csv"
DESCRIPTION = """\
Exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`, or a CSV with a header, where an \
empty cell is a missing value. `NaN`, as MLflow's Python client writes it, is read as `null`. `columns`, a record's \
members and a CSV's columns may come in any order, each field once; an `index` is ignored. The model takes no \
`params`."""
# A part of the numbers that are read, to generate requests from: none of these leaves the range of its type.
DECIMAL = r"-?([0-9]{1,17}(\.[0-9]{1,17})?|[0-9](\.[0-9]{1,17})?e(-[0-9]{1,3}|\+?[12]?[0-9]))"
CELLS = {
    "double": DECIMAL,
    "float": DECIMAL,
    "long": "-?[0-9]{1,18}",
    "integer": "-?[0-9]{1,9}",
    "boolean": "(true|false)",
}


def schemas(model: Described, limits: Limits) -> Json:
    return {
        f"{model.name}.Record": values.record(model),
        f"{model.name}.Records": values.many(f"{model.name}.Record", limits),
        f"{model.name}.Scores": strict({"predictions": ref(f"{model.name}.Predictions")}),
    }


def paths(model: Described) -> Json:
    pairs = model.examples()
    rows, answers = [row for row, _ in pairs], [answer for _, answer in pairs]
    asked = _requests(model, rows)
    told = {key: (summary, {"predictions": answers}) for key, (summary, _) in asked.items()}
    plain = {"csv": ("CSV", _csv(model, rows))}
    told |= {key: (summary, {"predictions": answers}) for key, (summary, _) in plain.items()}
    body = content(_body(model), asked) | content({"type": "string", "pattern": _csv_pattern(model)}, plain, CSV)
    operation = {
        "operationId": "invocations",
        "tags": [TAGS[0]["name"]],
        "summary": "Score rows with the default model",
        "description": DESCRIPTION,
        "requestBody": {"required": True, "content": body},
        "responses": ok("One prediction for each row, in order.", content(ref(f"{model.name}.Scores"), told))
        | errors(PREDICTION, "MLflowError"),
    }
    return {"/invocations": {"post": operation}}


def _body(model: Described) -> Json:
    rows, records, columns = (ref(f"{model.name}.{kind}") for kind in ("Rows", "Records", "Columns"))
    forms = {
        "dataframe_split": {"anyOf": _splits(model, rows)},
        "dataframe_records": records,
        "instances": {"anyOf": [rows, records]},
        "inputs": {"anyOf": [rows, records, columns]},
    }
    params = {"type": "object", "maxProperties": 0}
    return {"oneOf": [strict({form: schema, "params": params}, ["params"]) for form, schema in forms.items()]}


def _splits(model: Described, rows: Json) -> list[Json]:
    """Return dataframe_split's schemas: without an index, and with one, which is as long as data is."""
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


def _requests(model: Described, rows: list[Row]) -> dict[str, tuple[str, Any]]:
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


def _csv(model: Described, rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _csv_pattern(model: Described) -> str:
    header = re.escape(_csv(model, []).rstrip("\n"))
    line = ",".join(_cell_pattern(field, alone=len(model.fields) == 1) for field in model.fields)
    return rf"^{header}\r?\n({line}\r?\n)+$"


def _cell_pattern(field: Field, alone: bool) -> str:
    # A line with one empty cell and no other is an empty line, which CSV reads over.
    return f"({CELLS[field.type]})?" if field.nullable and not alone else CELLS[field.type]
