"""The input tensors of the Open Inference Protocol: one input for each field, or one matrix of all fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.bundle import Field
from app.prediction.formats.rows import ROWS
from app.prediction.formats.v2 import DATATYPES, FLOATS
from app.web.openapi import values
from app.web.openapi.model_description import ModelDescription
from app.web.openapi.schema import Json, listed, ref, sized, strict

Examples = dict[str, tuple[str, list[Json]]]


def schemas(model: ModelDescription) -> list[Json]:
    """Return the schemas of `inputs`, one for each length and form."""
    return [form for count in values.LENGTHS for form in (_columns(model, count), *_matrices(model, count))]


def _columns(model: ModelDescription, count: int) -> Json:
    return listed([{"anyOf": _tensors(field, count)} for field in model.fields])


def _tensors(field: Field, count: int) -> list[Json]:
    value = values.value(field)
    flat, nested = sized(value, count, count), sized(sized(value, 1, 1), count, count)
    datatypes = _datatypes([field])
    return [
        _tensor(field.name, [count], datatypes, flat),
        _tensor(field.name, [count, 1], datatypes, {"anyOf": [flat, nested]}),
    ]


def _matrices(model: ModelDescription, count: int) -> list[Json]:
    """Return the schemas of all fields in one tensor, nested and flat; none where no datatype fits every field."""
    datatypes = _datatypes(model.fields)
    row = [values.value(field) for field in model.fields]
    nested, flat = sized(ref(f"{model.name}.Row"), count, count), listed(row * count)
    shape = [count, len(row)]
    return [listed([_tensor(ROWS, shape, datatypes, data)]) for data in (nested, flat)] if datatypes else []


def _tensor(name: str, shape: list[int], datatypes: list[str], data: Json) -> Json:
    words = {"name": {"const": name}, "shape": {"const": shape}, "datatype": {"enum": datatypes}, "data": data}
    return strict(words)


def _datatypes(fields: Sequence[Field]) -> list[str]:
    """Return the datatypes that fit all the fields, and whose range is not narrower than the signature's."""
    kinds = {field.type for field in fields}
    if kinds <= {"double", "float"}:
        return sorted(FLOATS)
    return [DATATYPES[kind] for kind in kinds] if len(kinds) == 1 else []


def examples(model: ModelDescription) -> Examples:
    """Return `inputs` that hold the model's example rows, by name, with a summary."""
    rows = [row for row, _ in model.examples()]
    by_field = values.by_field(model, rows).items()
    datatypes = [DATATYPES[field.type] for field in model.fields]
    columns = [_filled(name, [len(rows)], kind, data) for (name, data), kind in zip(by_field, datatypes, strict=True)]
    found: Examples = {"fields": ("One input for each field", columns)}
    if fit := _datatypes(model.fields):
        shape = [len(rows), len(model.fields)]
        nested, flat = [list(row) for row in rows], [value for row in rows for value in row]
        found["nested"] = ("One matrix, nested", [_filled(ROWS, shape, fit[-1], nested)])
        found["flat"] = ("One matrix, flat", [_filled(ROWS, shape, fit[-1], flat)])
    return found


def _filled(name: str, shape: list[int], datatype: str, data: list[Any]) -> Json:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}
