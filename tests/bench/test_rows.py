from pathlib import Path

import pandas as pd
import pytest

from bench import rows
from bench.bundle import Bundle


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"target": [9.0, 9.0], "b": [None, 2.5], "a": [1, 2]})


def test_rows_come_in_the_order_of_the_fields_with_none_for_missing(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "data.csv", index=False)
    frame.to_parquet(tmp_path / "data.parquet")
    for name in ("data.csv", "data.parquet"):
        assert rows.read(tmp_path / name, ["a", "b"]) == [[1.0, None], [2.0, 2.5]]


def test_a_missing_column_is_named(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(ValueError, match="'c'"):
        rows.read(tmp_path / "data.csv", ["a", "c"])


def test_without_data_the_features_of_the_training_are_used(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "models" / "california" / "7", (), tmp_path)
    kept = tmp_path / "training" / "california" / "features" / "features.parquet"
    with pytest.raises(ValueError, match=r"features\.parquet: no such file; name a CSV or Parquet file with --data"):
        rows.find(bundle, None)
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert rows.find(bundle, None) == kept
    assert rows.find(bundle, Path("given.csv")) == Path("given.csv")
