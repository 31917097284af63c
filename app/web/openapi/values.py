"""The schemas of values, rows, records and columns, the same for all request formats."""

from __future__ import annotations

from collections.abc import Sequence

from app.bundle import Field
from app.prediction.cells import INTEGERS
from app.prediction.contract import TOO_LARGE
from app.web.openapi.model_description import Limits, ModelDescription, Row
from app.web.openapi.schema import Json, listed, ref, sized, strict

# JSON Schema cannot compare lengths: arrays of equal length have to be spelled out for each length.
LENGTHS = (1, 2, 3)
FORMATS = {"integer": "int32", "long": "int64"}


def schemas(models: Sequence[ModelDescription]) -> Json:
    """Return a schema for each type of value that the models take, with null where a field allows it."""
    kinds = {(field.type, field.nullable) for model in models for field in model.fields}
    return {_name(*kind): _value(*kind) for kind in sorted(kinds)}


def _name(kind: str, nullable: bool) -> str:
    return f"{kind}-or-null" if nullable else kind


def _value(kind: str, nullable: bool) -> Json:
    if kind == "boolean":
        word, rest = "boolean", {}
    elif kind in INTEGERS:
        low, high = INTEGERS[kind]
        word, rest = "integer", {"minimum": low, "maximum": high, "format": FORMATS[kind]}
    else:
        word, rest = "number", {"exclusiveMinimum": -TOO_LARGE, "exclusiveMaximum": TOO_LARGE}
    return {"type": [word, "null"] if nullable else word, **rest}


def value(field: Field) -> Json:
    return ref(_name(field.type, field.nullable))


def titled(model: ModelDescription, field: Field) -> Json:
    """Return the field's schema with its name, and its range for people."""
    known = model.range(field)
    range_ = {"description": f"{known[0]:.6g} to {known[1]:.6g} in training"} if known else {}
    return {**value(field), "title": field.name, **range_}


def row(model: ModelDescription) -> Json:
    return listed([titled(model, field) for field in model.fields]) | {
        "examples": [list(r) for r, _ in model.examples()]
    }


def record(model: ModelDescription) -> Json:
    return strict({field.name: value(field) for field in model.fields})


def many(name: str, limits: Limits) -> Json:
    return sized(ref(name), 1, limits.max_rows)


def columns(model: ModelDescription) -> Json:
    """Return the schema of an object with an array for each field, all of the same length."""
    spelled = [strict({f.name: sized(value(f), count, count) for f in model.fields}) for count in LENGTHS]
    return {"anyOf": spelled, "description": "An array for each field, all of the same length, in any order."}


def by_field(model: ModelDescription, rows: list[Row]) -> dict[str, list[object]]:
    """Return rows as columns."""
    return {name: [row[i] for row in rows] for i, name in enumerate(model.names)}
