"""Converts a column of a table to numbers, and names the row of any other value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from training.data.table import Table
from training.errors import DataError

Floats = npt.NDArray[np.float64]

# What counts as a missing value in a CSV file.
MISSING = ("", "NA", "NaN", "nan", "null")
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# XGBoost computes in float32: a number beyond its range would become infinite.
LARGEST = float(np.finfo(np.float32).max)


def numbers(table: Table, name: str, column: pa.Array, before: int = 0, nullable: bool = True) -> Floats:
    """Return `column` as float64, with NaN for a missing value. `before` is the number of rows in earlier batches.

    Raises DataError with the column and the row (from 1) for anything but a finite number.
    """
    values = _floats(table, name, column, before)
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        raise DataError(
            _message(table, name, int(np.argmax(beyond)) + before, "wanted a finite number in float32's range")
        )
    missing = np.isnan(values)
    if not nullable and missing.any():
        raise DataError(_message(table, name, int(np.argmax(missing)) + before, "is missing, wanted a number"))
    # One kind of NaN and no minus zero: the sha256 of the data and the hash that splits the rows must not depend on it.
    return np.where(missing, np.nan, values) + 0.0


def _floats(table: Table, name: str, column: pa.Array, before: int) -> Floats:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _from_text(table, name, column.cast(pa.string()), before)
    elif not _numeric(column.type):
        first = pc.index(column.is_valid(), True).as_py()
        if first >= 0:
            raise DataError(_message(table, name, first + before, f"holds {column.type}, wanted a number"))
    floats: Floats = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def _numeric(kind: pa.DataType) -> bool:
    return any(
        holds(kind) for holds in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    )


def _from_text(table: Table, name: str, column: pa.Array, before: int) -> pa.Array:
    text = pc.utf8_trim_whitespace(column)
    text = pc.if_else(pc.is_in(text, pa.array(MISSING)), pa.scalar(None, pa.string()), text)
    wrong = pc.index(pc.match_substring_regex(text, NUMBER), False).as_py()
    if wrong >= 0:
        raise DataError(_message(table, name, wrong + before, "holds text, wanted a number"))
    return text.cast(pa.float64())


def _message(table: Table, name: str, index: int, what: str) -> str:
    return f"{table.label}: column {name!r}, row {index + 1}: {what}"
