"""The careful way from a table to numbers: each cell by itself, with an error that says which and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.bundle import Field
from app.document import ARRAYS, OBJECTS
from app.problem import Problem

Matrix = npt.NDArray[np.float64]

INTEGERS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
WANTED = {"double": "a number", "float": "a number", "long": "an integer", "integer": "an integer"}
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (ARRAYS, "an array"),
    (OBJECTS, "an object"),
)


def of_rows(rows: Sequence[Any], fields: Sequence[Field]) -> Matrix:
    """Return rows as float64, NaN for null, shape (rows, fields); raises Problem at the first wrong cell."""
    values = np.empty((len(rows), len(fields)))
    for i, row in enumerate(rows):
        if not isinstance(row, ARRAYS):
            raise Problem("wrong_shape", f"wanted an array of {len(fields)} values", row=i)
        if len(row) != len(fields):
            names = ", ".join(field.name for field in fields)
            raise Problem("wrong_shape", f"wanted {len(fields)} values ({names}), got {len(row)}", row=i)
        values[i] = [number(value, field, i) for value, field in zip(row, fields, strict=True)]
    return values


def of_columns(columns: Any, fields: Sequence[Field]) -> Matrix:
    """Return columns of one length as float64, NaN for null, shape (rows, fields)."""
    first = fields[0].name
    for field in fields:
        column = columns[field.name]
        if not isinstance(column, ARRAYS):
            raise Problem("wrong_type", "wanted an array of values", field.name)
        if len(column) != len(columns[first]):
            raise Problem("wrong_shape", f"has {len(column)} values, {first!r} has {len(columns[first])}", field.name)
    return np.array([[number(v, f, i) for i, v in enumerate(columns[f.name])] for f in fields], dtype=np.float64).T


def number(value: object, field: Field, row: int) -> float:
    """Return one cell as float64, NaN for null; whether null and the size are allowed is the contract's to say."""
    if value is None:
        return np.nan
    if isinstance(value, bool) is not (field.type == "boolean") or not isinstance(value, (bool, int, float)):
        raise Problem(
            "wrong_type", f"wanted {WANTED.get(field.type, 'true or false')}, got {_kind(value)}", field.name, row
        )
    if isinstance(value, float) and not np.isfinite(value):
        # NaN and Infinity are no JSON, 1e400 is; all of them come as floats that are not finite.
        raise Problem("not_finite", "wanted a finite number within float32's range; null says missing", field.name, row)
    if isinstance(value, int) and field.type in INTEGERS:
        check_range(value, INTEGERS[field.type], field.name, row)
    try:
        return float(value)
    except OverflowError:
        return np.inf


def check_range(value: int, limits: tuple[int, int], name: str, row: int) -> None:
    """Raise Problem for an integer outside of `limits`, both of which are inside."""
    if not limits[0] <= value <= limits[1]:
        raise Problem("out_of_range", f"wanted an integer from {limits[0]} to {limits[1]}", name, row)


def _kind(value: object) -> str:
    return next((name for kind, name in KINDS if isinstance(value, kind)), "a number")
