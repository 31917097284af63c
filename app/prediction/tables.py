"""What a request shape reads out of a document: rows or columns whose cells nobody has looked at yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Bounds = Mapping[str, tuple[int, int]]

# An `arrays` that no document has: simdjson's buffers can't be had, the cells are read one by one.
UNCOUNTED = -1


class ByRow(NamedTuple):
    """Rows, each an array; or, `flat`, all their values in one.

    `arrays` counts the document's JSON arrays if each cell is a scalar, which is how a nested cell is found out.
    `bounds` are integer ranges that the request itself set for some fields, as V2's datatypes do.
    `columns` are the fields' names in the rows' order, where that is not the signature's.
    """

    rows: Sequence[Any]
    arrays: int
    bounds: Bounds = {}  # noqa: RUF012 - never written
    flat: bool = False
    columns: tuple[str, ...] = ()


class ByColumn(NamedTuple):
    """An array of values for each field by name; `arrays` and `bounds` as in ByRow."""

    columns: Any  # a mapping: Python's or simdjson's
    arrays: int
    bounds: Bounds = {}  # noqa: RUF012 - never written


Table = ByRow | ByColumn
