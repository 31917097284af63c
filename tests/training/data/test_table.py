"""CSV and Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.training.conftest import write_csv
from training.data.table import Table, open_table
from training.errors import DataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data"


def rows(table: Table) -> list[dict[str, object]]:
    return [row for batch in table.batches() for row in batch.to_pylist()]


def test_csv_cells_stay_text(path: Path) -> None:
    table = open_table(write_csv(path, ["1.50,,x", '"a,b",007,NA']), "data")
    assert table.names == ("a", "b", "target")
    assert rows(table) == [{"a": "1.50", "b": "", "target": "x"}, {"a": "a,b", "b": "007", "target": "NA"}]


def test_parquet_is_recognised_by_its_content(path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), path)
    assert rows(open_table(path, "data")) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_a_byte_order_mark_and_windows_line_ends_are_no_data(path: Path) -> None:
    path.write_bytes("\ufeffa,b\r\n1,2\r\n".encode())
    assert rows(open_table(path, "data")) == [{"a": "1", "b": "2"}]


def test_a_single_column_may_have_missing_values(path: Path) -> None:
    path.write_text("a\n1\n\n3\n")
    assert rows(open_table(path, "data")) == [{"a": "1"}, {"a": ""}, {"a": "3"}]


def test_a_row_of_another_length_is_refused_with_its_number_and_without_its_content(path: Path) -> None:
    table = open_table(write_csv(path, ["1,2,3", "1,secret", "1,2,3"]), "data.csv")
    with pytest.raises(DataError, match=r"data.csv: row 2 has 2 columns, wanted 3") as caught:
        rows(table)
    assert "secret" not in str(caught.value)


def test_a_missing_column_is_refused_with_the_existing_ones(path: Path) -> None:
    table = open_table(write_csv(path, ["1,2,3"]), "data.csv")
    with pytest.raises(DataError, match=r"data.csv: no column 'c', 'd'; it has a, b, target"):
        table.require(["a", "c", "d"])


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "is empty"),
        (b"a,a\n1,2\n", "more than one column 'a'"),
        (b"PAR1 cut off", "neither Parquet nor CSV"),
        (b"\xff\xfea\x00", "neither Parquet nor CSV"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(path: Path, content: bytes, wanted: str) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match=wanted):
        open_table(path, "data")


@pytest.mark.parametrize("content", [b"a,b\n\xff,secret\n", b'a,b\n"secret,2\n1,2\n'])
def test_invalid_csv_is_refused_without_its_content(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        rows(open_table(path, "data"))
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        open_table(path, "data")
