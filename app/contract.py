"""The signature as a contract: which rows a model takes, written once for all request shapes.

A shape reads a document into a Table; the contract turns the table into the matrix that the engine takes. There are
two ways from table to float64, `_buffers` in C and `_cells` one by one, and one set of rules on the float64 that both
give. `_buffers` may decline anything; what `_cells` says is final.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.bundle import Field
from app.document import ARRAYS, NULL
from app.engine import FloatArray
from app.problem import Problem, shown

Matrix = npt.NDArray[np.float64]

INTEGER_BOUNDS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
# From here on float64 rounds integers, and an integer's range can only be told on the integer.
EXACT = 2.0**53
WANTED = {"double": "a number", "float": "a number", "long": "an integer", "integer": "an integer", "boolean": "true or false"}


class Table(NamedTuple):
    """What a shape read: `rows` in the signature's order (or `flat`, row after row), or else `columns` by name.

    `arrays` counts the document's JSON arrays if each cell is a scalar, which is how a nested cell is found out;
    `bounds` are narrower limits that the request itself set for a column, as V2's datatypes do.
    """

    rows: Sequence[Any] | None
    columns: Mapping[str, Sequence[Any]] | None
    arrays: int
    bounds: Mapping[str, tuple[float, float]] | None = None
    flat: bool = False


class NotFast(Exception):
    """The fast way declines; the other one decides."""


class Contract:
    """The rules of one signature: names, order, type, missing, finite, shape, and the most rows."""

    def __init__(self, fields: Sequence[Field], max_rows: int) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        self.max_rows = max_rows
        self._width = len(self.fields)
        self._known = frozenset(self.names)
        self._nullable = np.array([field.nullable for field in fields])
        self._integers = {i: INTEGER_BOUNDS[f.type] for i, f in enumerate(fields) if f.type in INTEGER_BOUNDS}

    def matrix(self, table: Table, nulls: int | None = None, arrays: int = 0) -> FloatArray:
        """Return the table as float32, shape (rows, fields), NaN for missing; raises Problem where it breaks a rule.

        With `nulls`, the table is simdjson's, of a document with so many nulls and `arrays` arrays; NotFast or
        simdjson's own errors then mean that the plain document has to be read.
        """
        if table.columns is not None:
            self.check_names(table.columns.keys())
        values = self._cells(table) if nulls is None else self._buffers(table, nulls, arrays)
        return self._narrow(values, table.bounds)

    def check_names(self, names: Collection[str], row: int | None = None) -> None:
        """Raise Problem unless `names` are the signature's, in any order, each once."""
        if len(names) == self._width and self._known.issuperset(names) and len(set(names)) == self._width:
            return
        seen: set[str] = set()
        for name in names:
            if name not in self._known:
                near = difflib.get_close_matches(str(name), self.names, 1)
                hint = f", did you mean {near[0]!r}?" if near else f"; the fields are {', '.join(self.names)}"
                raise Problem("unknown_field", f"is not in the model's signature{hint}", shown(name), row)
            if name in seen:
                raise Problem("duplicate_field", "given twice", name, row)
            seen.add(name)
        missing = next(name for name in self.names if name not in seen)
        raise Problem("missing_field", "is missing", missing, row)

    def _buffers(self, table: Table, nulls: int, arrays: int) -> Matrix:
        if table.arrays != arrays:
            raise NotFast
        if table.rows is not None:
            values = self._flat_rows(table.rows, table.flat)
        else:
            assert table.columns is not None
            columns = [np.frombuffer(table.columns[name].as_buffer(of_type="d")) for name in self.names]
            self._check_count(len(columns[0]))
            if len({len(column) for column in columns}) != 1:
                raise NotFast
            values = np.stack(columns, axis=1)
        if nulls:
            missing = values == NULL
            if np.count_nonzero(missing) != nulls:
                raise NotFast
            values = np.where(missing, np.nan, values)
        if self._integers and np.nanmax(np.abs(values)) >= EXACT:
            raise NotFast
        return values

    def _flat_rows(self, rows: Sequence[Any], flat: bool) -> Matrix:
        width = self._width
        count = len(rows) // width if flat else len(rows)
        self._check_count(count)
        values = np.frombuffer(rows.as_buffer(of_type="d"))  # type: ignore[attr-defined]
        # One row of the right size in a document with no other arrays needs no second look.
        if len(values) != count * width or (count > 1 and not flat and any(len(row) != width for row in rows)):
            raise NotFast
        return values.reshape(count, width)

    def _cells(self, table: Table) -> Matrix:
        if table.rows is not None:
            width = self._width
            chunks = [table.rows[i : i + width] for i in range(0, len(table.rows), width)] if table.flat else table.rows
            return self._cells_of_rows(chunks)
        assert table.columns is not None
        lengths = {name: self._length(table.columns[name], name) for name in self.names}
        first = lengths[self.names[0]]
        for name, length in lengths.items():
            if length != first:
                raise Problem("wrong_shape", f"has {length} values, {self.names[0]!r} has {first}", name)
        self._check_count(first)
        columns = [[_cell(v, f, i) for i, v in enumerate(table.columns[f.name])] for f in self.fields]
        return np.array(columns, dtype=np.float64).T

    def _cells_of_rows(self, rows: Sequence[Any]) -> Matrix:
        self._check_count(len(rows))
        values = np.empty((len(rows), self._width))
        for i, row in enumerate(rows):
            if not isinstance(row, ARRAYS):
                raise Problem("wrong_shape", f"wanted an array of {self._width} values", row=i)
            if len(row) != self._width:
                wanted = f"wanted {self._width} values ({', '.join(self.names)}), got {len(row)}"
                raise Problem("wrong_shape", wanted, row=i)
            values[i] = [_cell(value, field, i) for value, field in zip(row, self.fields, strict=True)]
        return values

    def _length(self, column: object, name: str) -> int:
        if not isinstance(column, ARRAYS):
            raise Problem("wrong_type", "wanted an array of values", name)
        return len(column)

    def _check_count(self, count: int) -> None:
        if count == 0:
            raise Problem("no_rows", "wanted at least one row")
        if count > self.max_rows:
            raise Problem("too_many_rows", f"wanted at most {self.max_rows} rows, got {count}")

    def _narrow(self, values: Matrix, bounds: Mapping[str, tuple[float, float]] | None) -> FloatArray:
        with np.errstate(over="ignore"):
            rows = values.astype(np.float32)
        if not np.isfinite(rows).all():
            self._check_missing(np.isnan(values))
            self._refuse(np.isinf(rows), "out_of_range", "wanted a number within float32's range")
        for i, limits in self._integers.items():
            self._check_integers(values, i, limits)
        for name, limits in (bounds or {}).items():
            self._check_integers(values, self.names.index(name), limits)
        return rows

    def _check_missing(self, missing: npt.NDArray[np.bool_]) -> None:
        self._refuse(missing & ~self._nullable, "missing_value", "null is not allowed for this field")

    def _check_integers(self, values: Matrix, column: int, limits: tuple[float, float]) -> None:
        wrong = np.zeros(values.shape, dtype=bool)
        given = values[:, column]
        wrong[:, column] = (given != np.floor(given)) & ~np.isnan(given)
        self._refuse(wrong, "wrong_type", "wanted an integer")
        wrong[:, column] = (given < limits[0]) | (given > limits[1])
        self._refuse(wrong, "out_of_range", f"wanted an integer from {limits[0]:.0f} to {limits[1]:.0f}")

    def _refuse(self, wrong: npt.NDArray[np.bool_], code: str, message: str) -> None:
        if wrong.any():
            row, column = np.unravel_index(wrong.argmax(), wrong.shape)
            raise Problem(code, message, self.names[column], int(row))


def _cell(value: object, field: Field, row: int) -> float:
    """Return one cell as float64, NaN for null; what it may hold beyond its type is checked on the whole matrix."""
    if value is None:
        return np.nan
    if isinstance(value, bool) is not (field.type == "boolean") or not isinstance(value, (bool, int, float)):
        raise Problem("wrong_type", f"wanted {WANTED[field.type]}, got {_kind(value)}", field.name, row)
    if type(value) is int and field.type in INTEGER_BOUNDS:
        low, high = INTEGER_BOUNDS[field.type]
        if not low <= value <= high:
            raise Problem("out_of_range", f"wanted an integer from {low} to {high}", field.name, row)
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if number in (np.inf, -np.inf) and not isinstance(value, int):
        # 1e400 is a number of JSON's, Infinity is not; both are read as one float.
        raise Problem("not_finite", "wanted a finite number within float32's range", field.name, row)
    if number != number:
        raise Problem("not_finite", "wanted a number, NaN is not one; null says missing", field.name, row)
    return number


def _kind(value: object) -> str:
    names: Iterable[tuple[type | tuple[type, ...], str]] = (
        (bool, "a boolean"),
        (str, "a string"),
        (ARRAYS, "an array"),
        (dict, "an object"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a number")
