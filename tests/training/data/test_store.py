"""The store, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import files
from training.config import Config
from training.data import store
from training.errors import DataError, TrainingError


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "made.parquet"
    path.write_bytes(b"rows")
    return path


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> store.Store:
    if request.param == "folder":
        return store.open_store(Config(store=str(tmp_path / "store")))
    return store.open_store(Config(store=f"s3://{request.getfixturevalue('bucket')}/data/"))


def test_stored_data_is_loaded_with_its_record(kept: store.Store, parquet: Path, tmp_path: Path) -> None:
    record = store.save(kept, parquet, {"rows": 1})
    path, again = store.load_current(kept, tmp_path / "local" / "data.parquet")
    assert path.read_bytes() == b"rows"
    assert again == record
    assert (record["sha256"], record["rows"]) == (files.sha256(parquet), 1)
    assert record["kept"].endswith(f"/california/{record['sha256'][:16]}.parquet")


def test_the_record_names_the_latest_data_and_the_earlier_data_stays(
    kept: store.Store, parquet: Path, tmp_path: Path
) -> None:
    first = store.save(kept, parquet, {})
    parquet.write_bytes(b"more rows")
    store.save(kept, parquet, {})
    assert store.load_current(kept, tmp_path / "data.parquet")[0].read_bytes() == b"more rows"
    assert kept.get(first["file"], tmp_path / "first.parquet").read_bytes() == b"rows"


def test_a_changed_byte_is_refused(kept: store.Store, parquet: Path, tmp_path: Path) -> None:
    record = store.save(kept, parquet, {})
    parquet.write_bytes(b"r0ws")
    kept.put(parquet, record["file"])
    with pytest.raises(DataError, match=r"its sha256 is not the one in data.json"):
        store.load_current(kept, tmp_path / "data.parquet")


def test_an_empty_store_names_the_step_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"data.json: no such file; run `python -m training.make_data` first"):
        store.load_current(store.open_store(Config(output=tmp_path)), tmp_path / "data.parquet")


def test_a_removed_file_is_reported(parquet: Path, tmp_path: Path) -> None:
    kept = store.open_store(Config(output=tmp_path))
    Path(store.save(kept, parquet, {})["kept"]).unlink()
    with pytest.raises(DataError, match=r"no such file; run `python -m training.make_data` again"):
        store.load_current(kept, tmp_path / "data.parquet")


def test_without_a_store_setting_the_data_is_below_the_output(tmp_path: Path) -> None:
    assert store.open_store(Config(output=tmp_path, name="mine")) == store.Folder(tmp_path / "data" / "mine")
