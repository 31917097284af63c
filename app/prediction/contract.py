"""The contract of a model's signature: which rows the model takes, the same for all request formats.

A format reads a document into a table; the contract turns the table into the matrix that the engine takes. There are
two ways from a table to float64: simdjson's buffers, and `cells`, which reads one value at a time. The buffers may
decline any table; the decision of `cells` is final.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from app.bundle import Field
from app.engines.engine import FloatArray
from app.prediction import cells
from app.prediction.cells import Matrix
from app.prediction.json_body import ARRAYS, NULL
from app.prediction.tables import ByColumn, ByRow, Table
from app.problem import Problem, unknown

# A float64 from here on becomes an infinite float32: half a unit in the last place above the largest float32.
TOO_LARGE = 2.0**128 - 2.0**103
# From here on float64 rounds integers, so only the integer itself shows whether it is in range.
EXACT = 2.0**53


class NotFast(Exception):
    """The fast reader declines a table; the careful one decides."""


class Contract:
    """The rules of one signature: names, order, types, missing values, finite numbers, shape, number of rows."""

    def __init__(self, fields: Sequence[Field], max_rows: int) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        self.max_rows = max_rows
        self._width = len(self.fields)
        self._known = frozenset(self.names)
        self._required = np.array([not field.nullable for field in fields])
        self._plain_floats = all(field.type in ("double", "float") for field in fields)
        self._booleans = any(field.type == "boolean" for field in fields)
        self._integers = {field.name: cells.INTEGERS[field.type] for field in fields if field.type in cells.INTEGERS}

    def matrix(self, table: Table) -> FloatArray:
        """Return the table as float32, shape (rows, fields), NaN for missing; raises Problem if it breaks a rule."""
        if isinstance(table, ByColumn):
            return self._narrow(cells.from_columns(self._arrays(table.columns), self.fields, table.bounds))
        count = len(table.rows) // self._width if table.flat else len(table.rows)
        self.check_count(count)
        if table.flat:
            return self._narrow(cells.from_flat(table.rows, count, self.fields, table.bounds))
        order = self._order(table)
        values = cells.from_rows(table.rows, [self.fields[i] for i in order], table.bounds)
        return self._narrow(values[:, np.argsort(order)] if table.columns else values)

    def fast_matrix(self, table: Table, nulls: int, arrays: int) -> FloatArray:
        """Return what `matrix` returns, read from simdjson's view of a body with this many nulls and arrays.

        Raises NotFast, Problem or simdjson's own errors wherever `matrix` has to decide.
        """
        # simdjson's buffers hold only numbers: 0 and 1 in them would pass for booleans.
        if table.arrays != arrays or self._booleans:
            raise NotFast
        if isinstance(table, ByColumn):
            values = self._of_buffers(table)
        elif len(table.rows) == 1 and self._plain_floats and not (table.bounds or table.flat or table.columns):
            return self._one_row(table.rows, nulls)
        else:
            values = self._of_buffer(table)
        if nulls:
            missing = values == NULL
            if np.count_nonzero(missing) != nulls:
                raise NotFast
            values = np.where(missing, np.nan, values)
        if (self._integers or table.bounds) and (np.abs(values) >= EXACT).any():
            raise NotFast
        rows = self._narrow(values)
        for name, limits in (*self._integers.items(), *table.bounds.items()):
            self._check_integers(values, name, limits)
        return rows

    def check_names(self, names: Iterable[str], row: int | None = None, place: str = "column") -> None:
        """Raise Problem unless `names` are the signature's, in any order, each once.

        `place` is what each name stands for; an error gives it with a number instead of repeating an unknown name.
        """
        # One name more than there are fields is enough to find one that is unknown or appears twice.
        first = list(islice(names, self._width + 1))
        if len(first) == self._width and len(set(first)) == self._width and self._known.issuperset(first):
            return
        seen: set[str] = set()
        for i, name in enumerate(first):
            if name not in self._known:
                raise unknown(name, self.names, "in the model's signature", f"{place} {i}", row)
            if name in seen:
                raise Problem("duplicate_field", "appears twice", name, row)
            seen.add(name)
        missing = next(name for name in self.names if name not in seen)
        raise Problem("missing_field", "is missing", missing, row)

    def _one_row(self, rows: Any, nulls: int) -> FloatArray:
        """Return a single row of floats: the same as the general way, without a dozen calls of NumPy."""
        values: list[float] = list(memoryview(rows.as_buffer(of_type="d")).cast("d"))
        gaps = [i for i, value in enumerate(values) if value == NULL] if nulls else []
        for i in gaps:
            values[i] = 0.0
        if len(values) != self._width or min(values) <= -TOO_LARGE or max(values) >= TOO_LARGE:
            raise NotFast
        row = np.array([values], dtype=np.float32)
        if nulls:
            if len(gaps) != nulls or self._required[gaps].any():
                raise NotFast
            row[0, gaps] = np.nan
        return row

    def _of_buffer(self, table: ByRow) -> Matrix:
        rows: Any = table.rows
        width = self._width
        count = len(rows) // width if table.flat else len(rows)
        self.check_count(count)
        values = np.frombuffer(rows.as_buffer(of_type="d"))
        if len(values) != count * width or (not table.flat and set(map(len, rows)) != {width}):
            raise NotFast
        values = values.reshape(count, width)
        return values[:, np.argsort(self._order(table))] if table.columns else values

    def _of_buffers(self, table: ByColumn) -> Matrix:
        self.check_names(table.columns)
        columns = [np.frombuffer(table.columns[name].as_buffer(of_type="d")) for name in self.names]
        self.check_count(len(columns[0]))
        # NumPy raises ValueError if the lengths differ.
        return np.stack(columns, axis=1)

    def _order(self, table: ByRow) -> list[int]:
        """Return the position in the signature of each of the table's columns."""
        positions = {name: i for i, name in enumerate(self.names)}
        return [positions[name] for name in table.columns or self.names]

    def _arrays(self, columns: Any) -> list[Sequence[Any]]:
        """Return the columns in the signature's order, all arrays of one length."""
        self.check_names(columns)
        arrays: list[Sequence[Any]] = []
        for name in self.names:
            column = columns[name]
            if not isinstance(column, ARRAYS):
                raise Problem("wrong_type", "wanted an array of values", name)
            arrays.append(column)
            if len(column) != len(arrays[0]):
                message = f"has {len(column)} values, {self.names[0]!r} has {len(arrays[0])}"
                raise Problem("wrong_shape", message, name)
        self.check_count(len(arrays[0]))
        return arrays

    def check_count(self, count: int) -> None:
        """Raise Problem unless a request may have this many rows."""
        if count == 0:
            raise Problem("no_rows", "wanted at least one row")
        if count > self.max_rows:
            raise Problem("too_many_rows", f"wanted at most {self.max_rows} rows, got {count}")

    def _narrow(self, values: Matrix) -> FloatArray:
        """Return the values as float32; raises Problem for one that is missing or too large."""
        with np.errstate(over="ignore"):
            rows = values.astype(np.float32, order="C")
        if not np.isfinite(rows).all():
            self._refuse(np.isnan(values) & self._required, "missing_value", "null is not allowed for this field")
            self._refuse(np.isinf(rows), "out_of_range", "wanted a number within the range of float32")
        return rows

    def _check_integers(self, values: Matrix, name: str, limits: tuple[int, int]) -> None:
        wrong = np.zeros(values.shape, dtype=bool)
        column = self.names.index(name)
        cells_of_field = values[:, column]
        wrong[:, column] = (cells_of_field != np.floor(cells_of_field)) & ~np.isnan(cells_of_field)
        self._refuse(wrong, "wrong_type", "wanted an integer")
        wrong[:, column] = (cells_of_field < limits[0]) | (cells_of_field > limits[1])
        self._refuse(wrong, "out_of_range", f"wanted an integer from {limits[0]} to {limits[1]}")

    def _refuse(self, wrong: npt.NDArray[np.bool_], code: str, message: str) -> None:
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise Problem(code, message, self.names[column], int(row))
