"""Numbers, missing values, and values that are neither."""

from __future__ import annotations

import decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.training.conftest import nan_equal
from training.data.column import numbers
from training.data.table import Table
from training.errors import DataError

TABLE = Table(Path("data.csv"), "data.csv", ("a",), False)


def read(column: pa.Array, **arguments: object) -> np.ndarray:
    return numbers(TABLE, "a", column, **arguments)  # type: ignore[arg-type]


def test_the_spellings_of_numbers_and_of_missing_values_are_read() -> None:
    text = ["1", "-2.5", "+3", ".5", "5.", "1e3", "1E-2", " 7 ", "", "NA", "NaN", "nan", "null"]
    assert nan_equal(read(pa.array(text)), [1, -2.5, 3, 0.5, 5, 1000, 0.01, 7] + [np.nan] * 5)


@pytest.mark.parametrize(
    "text", ["abc", "1,5", "1_000", "0x1", "true", "--1", "1e", "inf", "-Infinity", "N/A", "\u0661"]
)
def test_text_is_refused_with_column_and_row_and_without_its_content(text: str) -> None:
    with pytest.raises(DataError, match=r"data.csv: column 'a', row 13: holds text, wanted a number") as caught:
        read(pa.array(["1", "", text]), before=10)
    assert text not in str(caught.value).replace("data.csv: column 'a'", "")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3]),
        pa.array([1.0, np.nan, 3.0]),
        pa.array([1, None, 3], pa.int8()),
        pa.array([1, None, 3], pa.float32()),
        pa.array([decimal.Decimal(1), None, decimal.Decimal(3)]),
        pa.array(["1", None, "3"], pa.large_string()),
        pa.array(["1", None, "3"]).dictionary_encode(),
    ],
)
def test_every_kind_of_number_becomes_a_double(column: pa.Array) -> None:
    assert nan_equal(read(column), [1, np.nan, 3])


@pytest.mark.parametrize("column", [pa.array([None, True]), pa.array([None, 5], pa.date32())])
def test_other_types_are_refused_with_the_first_row_that_has_one(column: pa.Array) -> None:
    with pytest.raises(DataError, match=r"row 2: holds (bool|date32.*), wanted a number"):
        read(column)


def test_an_empty_column_has_only_missing_values() -> None:
    assert nan_equal(read(pa.array([None, None])), [np.nan, np.nan])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, -4e38])
def test_a_number_beyond_float32_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="column 'a', row 2: wanted a finite number"):
        read(pa.array([1.0, value]))


def test_a_missing_value_is_refused_where_none_is_allowed() -> None:
    with pytest.raises(DataError, match="column 'a', row 2: is missing"):
        read(pa.array(["1", ""]), nullable=False)


def test_minus_zero_and_other_nans_are_normalized() -> None:
    odd = np.array([-0.0, np.float64(np.nan)])
    odd.view(np.uint64)[1] |= 1
    plain = np.array([0.0, np.nan])
    assert read(pa.array(odd)).tobytes() == plain.tobytes()
