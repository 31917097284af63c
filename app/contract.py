"""The signature as a contract: which rows a model takes, written once for all request shapes.

A shape reads a document into a table; the contract turns the table into the matrix that the engine takes. There are
two ways from table to float64, simdjson's buffers and `app.cells` one by one, and one set of rules on the float64
that both give. The buffers may decline anything; what the cells say is final.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app import cells
from app.bundle import Field
from app.cells import Matrix
from app.document import ARRAYS, NULL
from app.engine import FloatArray
from app.problem import Problem, shown
from app.table import Bounds, ByColumn, ByRow, Table

# From here on a float64 becomes an infinite float32: half a unit in the last place above float32's largest.
TOO_LARGE = 2.0**128 - 2.0**103
# From here on float64 rounds integers, and an integer's range can only be told on the integer.
EXACT = 2.0**53
# Of an unknown name, what is compared with the known ones: a long one would take seconds.
MAX_NAME = 64


class NotFast(Exception):
    """The fast way declines; the careful one decides."""


class Contract:
    """The rules of one signature: names, order, type, missing, finite, shape, and the most rows."""

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
        """Return the table as float32, shape (rows, fields), NaN for missing; raises Problem where it breaks a rule."""
        if isinstance(table, ByColumn):
            self.check_names(list(table.columns))
            self.check_count(max((len(c) for c in table.columns.values() if isinstance(c, ARRAYS)), default=1))
            values = cells.of_columns(table.columns, self.fields)
        else:
            rows = self._chunks(table.rows) if table.flat else table.rows
            self.check_count(len(rows))
            values = cells.of_rows(rows, self.fields)
        return self._narrow(values, table.bounds)

    def fast_matrix(self, table: Table, nulls: int, arrays: int) -> FloatArray:
        """Return what `matrix` would for simdjson's view of a document with so many nulls and arrays.

        Raises NotFast, Problem or simdjson's own errors wherever `matrix` has to decide on the plain document.
        """
        # simdjson's buffers hold numbers alone: in them, 0 and 1 would pass for booleans.
        if table.arrays != arrays or self._booleans:
            raise NotFast
        if isinstance(table, ByColumn):
            values = self._of_buffers(table)
        elif len(table.rows) == 1 and self._plain_floats and not table.bounds and not table.flat:
            return self._one_row(table.rows, nulls)
        else:
            values = self._of_buffer(table)
        if nulls:
            missing = values == NULL
            if np.count_nonzero(missing) != nulls:
                raise NotFast
            values = np.where(missing, np.nan, values)
        if self._integers and (np.abs(values) >= EXACT).any():
            raise NotFast
        return self._narrow(values, table.bounds)

    def check_names(self, names: Collection[str], row: int | None = None) -> None:
        """Raise Problem unless `names` are the signature's, in any order, each once."""
        if len(names) == self._width and len(set(names)) == self._width and self._known.issuperset(names):
            return
        seen: set[str] = set()
        for name in names:
            if name not in self._known:
                near = difflib.get_close_matches(name[:MAX_NAME], self.names, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(self.names)}"
                raise Problem("unknown_field", f"is not in the model's signature; {hint}", shown(name), row)
            if name in seen:
                raise Problem("duplicate_field", "given twice", name, row)
            seen.add(name)
        missing = next(name for name in self.names if name not in seen)
        raise Problem("missing_field", "is missing", missing, row)

    def _one_row(self, rows: Any, nulls: int) -> FloatArray:
        """Return a single row of plain floats: what the general way does, without a dozen calls of NumPy."""
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
        if len(values) != count * width or (not table.flat and any(len(row) != width for row in rows)):
            raise NotFast
        return values.reshape(count, width)

    def _of_buffers(self, table: ByColumn) -> Matrix:
        self.check_names(list(table.columns))
        columns = [np.frombuffer(table.columns[name].as_buffer(of_type="d")) for name in self.names]
        self.check_count(len(columns[0]))
        # Of unequal lengths, NumPy raises ValueError.
        return np.stack(columns, axis=1)

    def _chunks(self, values: Sequence[Any]) -> list[Any]:
        return [values[i : i + self._width] for i in range(0, len(values), self._width)]

    def check_count(self, count: int) -> None:
        """Raise Problem unless there may be so many rows."""
        if count == 0:
            raise Problem("no_rows", "wanted at least one row")
        if count > self.max_rows:
            raise Problem("too_many_rows", f"wanted at most {self.max_rows} rows, got {count}")

    def _narrow(self, values: Matrix, bounds: Bounds) -> FloatArray:
        """Check what a whole matrix has to hold, and return it as float32."""
        with np.errstate(over="ignore"):
            rows = values.astype(np.float32)
        if not np.isfinite(rows).all():
            self._refuse(np.isnan(values) & self._required, "missing_value", "null is not allowed for this field")
            self._refuse(np.isinf(rows), "out_of_range", "wanted a number within float32's range")
        for name, limits in (*self._integers.items(), *bounds.items()):
            self._check_integers(values, name, limits)
        return rows

    def _check_integers(self, values: Matrix, name: str, limits: tuple[int, int]) -> None:
        wrong = np.zeros(values.shape, dtype=bool)
        column = self.names.index(name)
        given = values[:, column]
        wrong[:, column] = (given != np.floor(given)) & ~np.isnan(given)
        self._refuse(wrong, "wrong_type", "wanted an integer")
        wrong[:, column] = (given < limits[0]) | (given > limits[1])
        self._refuse(wrong, "out_of_range", f"wanted an integer from {limits[0]} to {limits[1]}")

    def _refuse(self, wrong: npt.NDArray[np.bool_], code: str, message: str) -> None:
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise Problem(code, message, self.names[column], int(row))
