"""Turns a table into numbers cell by cell; an error names the cell and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.bundle import Field
from app.prediction.json_body import ARRAYS, OBJECTS
from app.prediction.tables import Bounds
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
NUMBERS = {float, int}
NO_BOUNDS: Bounds = {}


def from_rows(rows: Sequence[Any], fields: Sequence[Field], bounds: Bounds = NO_BOUNDS) -> Matrix:
    """Return rows as float64, NaN for null, shape (rows, fields); raises Problem at the first wrong cell."""
    values = np.empty((len(rows), len(fields)))
    simple = not bounds and all(field.type in ("double", "float") for field in fields)
    for i, row in enumerate(rows):
        if not isinstance(row, ARRAYS):
            raise Problem("wrong_shape", f"wanted an array of {len(fields)} values", row=i)
        if len(row) != len(fields):
            names = ", ".join(field.name for field in fields)
            raise Problem("wrong_shape", f"wanted {len(fields)} values ({names}), got {len(row)}", row=i)
        cells = list(row)
        if not (simple and _all_finite(cells)):
            cells = [number(value, field, i, bounds) for value, field in zip(cells, fields, strict=True)]
        values[i] = cells
    return values


def from_flat(cells: Iterable[Any], count: int, fields: Sequence[Field], bounds: Bounds = NO_BOUNDS) -> Matrix:
    """Return the cells of `count` rows, which follow each other in one sequence, as `from_rows` does."""
    whole = ((i, field) for i in range(count) for field in fields)
    values = (number(value, field, i, bounds) for (i, field), value in zip(whole, cells, strict=True))
    return np.fromiter(values, np.float64, count * len(fields)).reshape(count, len(fields))


def from_columns(columns: Sequence[Sequence[Any]], fields: Sequence[Field], bounds: Bounds = NO_BOUNDS) -> Matrix:
    """Return columns of one length, in the order of `fields`, as float64, NaN for null, shape (rows, fields)."""
    values = np.empty((len(columns[0]), len(fields)))
    for j, (field, column) in enumerate(zip(fields, columns, strict=True)):
        values[:, j] = np.fromiter(_numbers(column, field, bounds), np.float64, len(column))
    return values


def _numbers(column: Sequence[Any], field: Field, bounds: Bounds) -> Iterator[float]:
    for i, value in enumerate(column):
        yield number(value, field, i, bounds)


def _all_finite(cells: list[Any]) -> bool:
    """Return True if all cells are finite numbers; False leaves it open."""
    try:
        return NUMBERS.issuperset(map(type, cells)) and math.isfinite(sum(map(float, cells)))
    except OverflowError:
        return False


def number(value: object, field: Field, row: int, bounds: Bounds = NO_BOUNDS) -> float:
    """Return one cell as float64, NaN for null. The contract decides whether null and the size are allowed."""
    if value is None:
        return np.nan
    if isinstance(value, bool) is not (field.type == "boolean") or not isinstance(value, (bool, int, float)):
        raise Problem(
            "wrong_type", f"wanted {WANTED.get(field.type, 'true or false')}, got {_kind(value)}", field.name, row
        )
    if isinstance(value, float) and not math.isfinite(value):
        # NaN and Infinity are not JSON, 1e400 is; all of them are parsed as floats that are not finite.
        message = "wanted a finite number within the range of float32; a missing value is null"
        raise Problem("not_finite", message, field.name, row)
    for limits in (INTEGERS.get(field.type), bounds.get(field.name)):
        if limits:
            _check_integer(value, limits, field.name, row)
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _check_integer(value: float, limits: tuple[int, int], name: str, row: int) -> None:
    """Raise Problem unless `value` is whole and within `limits`, by Python's comparison, which does not round."""
    if value != math.floor(value):
        raise Problem("wrong_type", "wanted an integer", name, row)
    if not limits[0] <= value <= limits[1]:
        raise Problem("out_of_range", f"wanted an integer from {limits[0]} to {limits[1]}", name, row)


def _kind(value: object) -> str:
    return next((name for kind, name in KINDS if isinstance(value, kind)), "a number")
