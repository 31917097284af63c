"""Tables: the rows or columns of a request, as its format found them, with cells that are not checked yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Bounds = Mapping[str, tuple[int, int]]

# A number of arrays that no body has: the table cannot be read from simdjson's buffers, only cell by cell.
UNCOUNTED = -1


class ByRow(NamedTuple):
    """Rows, each an array; or, if `flat`, the values of all rows in one array.

    `arrays` is how many JSON arrays the body has if every cell is a scalar; more of them reveal a nested cell.
    `bounds` are integer ranges that the request itself sets for some fields, as V2's datatypes do.
    `columns` are the fields' names in the order of the rows, if that is not the signature's order.
    """

    rows: Sequence[Any]
    arrays: int
    bounds: Bounds = {}  # noqa: RUF012 - never written
    flat: bool = False
    columns: tuple[str, ...] = ()


class ByColumn(NamedTuple):
    """An array of values for each field name; `arrays` and `bounds` as in ByRow."""

    columns: Any  # a mapping: Python's or simdjson's
    arrays: int
    bounds: Bounds = {}  # noqa: RUF012 - never written


Table = ByRow | ByColumn
