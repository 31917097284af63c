"""The step `make_data`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.training.conftest import write_csv
from training import files, make_data
from training.config import Config
from training.data import california, generated, s3, store
from training.errors import DataError
from training.progress import Progress


@pytest.fixture
def small(tmp_path: Path) -> Config:
    """Settings for a file of three columns."""
    return Config(
        output=tmp_path / "var",
        data=str(tmp_path / "data.csv"),
        features=("a", "b"),
        target="target",
        latitude="",
        longitude="",
    )


def kept(record: dict[str, Any]) -> pa.Table:
    return pyarrow.parquet.read_table(record["kept"])


def test_the_columns_are_stored_as_numbers_with_missing_values(small: Config, progress: Progress) -> None:
    write_csv(Path(small.data), ["1,2,3", "4,,6"])
    record = make_data.run(small, progress)
    table = kept(record)
    assert table.column_names == ["a", "b", "target"]
    assert table.column("a").to_pylist() == [1.0, 4.0]
    assert np.isnan(table.column("b").to_numpy()[1])
    assert record["sha256"] == files.sha256(Path(record["kept"]))
    assert record["source_sha256"] == files.sha256(Path(small.data))
    assert (record["kind"], record["rows"], record["source"]) == ("given", 2, small.data)


def test_columns_that_no_setting_names_are_ignored_and_listed(
    small: Config, progress: Progress, reported: Callable[[], str]
) -> None:
    write_csv(Path(small.data), ["1,2,3,me"], "a,b,target,owner")
    assert "owner" not in kept(make_data.run(small, progress)).column_names
    assert "ignored columns: owner" in reported()


def test_csv_and_parquet_of_the_same_numbers_have_the_same_digest(small: Config, progress: Progress) -> None:
    write_csv(Path(small.data), ["1,2.5,3", "4,,6"])
    parquet = Path(small.data).with_suffix(".parquet")
    pyarrow.parquet.write_table(pa.table({"target": [3.0, 6.0], "a": [1, 4], "b": [2.5, None]}), parquet)
    digests = {make_data.run(replace(small, data=data), progress)["sha256"] for data in (small.data, str(parquet))}
    assert len(digests) == 1


def test_data_is_read_from_a_bucket_and_stored_in_a_bucket(small: Config, progress: Progress, bucket: str) -> None:
    s3.upload(write_csv(Path(small.data), ["1,2,3"]), f"s3://{bucket}/in/data.csv")
    config = replace(small, data=f"s3://{bucket}/in/data.csv", store=f"s3://{bucket}/kept")
    record = make_data.run(config, progress)
    assert record["kept"] == f"s3://{bucket}/kept/california/{record['file']}"
    path, _ = store.load_current(store.open_store(config), small.output / "data.parquet")
    assert pyarrow.parquet.read_table(path).to_pylist() == [{"a": 1.0, "b": 2.0, "target": 3.0}]


@pytest.mark.parametrize(
    ("lines", "header", "wanted"),
    [
        (["1,2"], "a,b", r"data.csv: no column 'target'; it has a, b"),
        (["1,2"], "a,target", r"data.csv: no column 'b'; it has a, target"),
        (["1,2,3", "1,x,3"], "a,b,target", r"data.csv: column 'b', row 2: holds text, wanted a number"),
        (["1,2,3", "1,2,x"], "a,b,target", r"data.csv: column 'target', row 2: holds text, wanted a number"),
        (["1,2,3", "1,2,"], "a,b,target", r"data.csv: column 'target', row 2: is missing, wanted a number"),
        (["1,1e39,3"], "a,b,target", r"data.csv: column 'b', row 1: wanted a finite number"),
        ([",2,3", ",2,3"], "a,b,target", r"data.csv: column 'a' is empty in every row"),
        (["1,2,3", "1,2"], "a,b,target", r"data.csv: row 2 has 2 columns, wanted 3"),
        ([], "a,b,target", r"data.csv: no rows"),
        ([], "", r"data.csv: the file is empty"),
    ],
)
def test_bad_data_is_refused_with_column_and_row(
    small: Config, progress: Progress, lines: list[str], header: str, wanted: str
) -> None:
    write_csv(Path(small.data), lines, header)
    if not header:
        Path(small.data).write_bytes(b"")
    with pytest.raises(DataError, match=wanted):
        make_data.run(small, progress)


def refuse() -> dict[str, Any]:
    raise DataError("DATA is not set, and the download failed")


def test_without_data_california_housing_is_downloaded(
    tmp_path: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(california, "download", generated.generate)
    record = make_data.run(Config(output=tmp_path), progress)
    assert (record["kind"], record["rows"]) == ("downloaded", generated.ROWS)


def test_generated_data_is_used_if_the_download_fails_and_it_is_allowed(
    tmp_path: Path, progress: Progress, reported: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(california, "download", refuse)
    with pytest.raises(DataError, match=r"set DATA=<CSV or Parquet>, or allow_generated=true"):
        make_data.run(Config(output=tmp_path), progress)
    assert make_data.run(Config(output=tmp_path, allow_generated=True), progress)["kind"] == "generated"
    assert "training on generated data instead, tagged data=generated" in reported()


def test_named_data_is_never_replaced_by_generated_data(small: Config, progress: Progress) -> None:
    with pytest.raises(DataError, match="no such file"):
        make_data.run(replace(small, allow_generated=True), progress)
    write_csv(Path(small.data), ["1,x,3"])
    with pytest.raises(DataError, match="holds text"):
        make_data.run(replace(small, allow_generated=True), progress)


def test_columns_that_california_does_not_have_are_refused(
    small: Config, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(california, "download", refuse)
    with pytest.raises(DataError, match=r"a generated sample: no column 'a', 'b', 'target'; it has MedInc"):
        make_data.run(replace(small, data="", allow_generated=True), progress)
