"""The rows that pass from step to step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import nan_equal
from training.data.dataset import Dataset

FEATURES = np.array([[1.0, np.nan], [0.1, 2.0], [3.0, 4.0]])


@pytest.fixture
def dataset() -> Dataset:
    target, part = np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2], np.int8)
    return Dataset(("a", "slipway"), FEATURES, target, FEATURES[:, :1].repeat(2, 1), part)


def test_written_rows_are_read_back(dataset: Dataset, tmp_path: Path) -> None:
    dataset.write(tmp_path / "rows.parquet")
    again = Dataset.read(tmp_path / "rows.parquet", dataset.names)
    for name in ("features", "target", "coordinates", "part"):
        assert nan_equal(getattr(again, name), getattr(dataset, name)), name
    assert again.part.dtype == np.int8


def test_rows_without_coordinates_are_read_back_without(dataset: Dataset, tmp_path: Path) -> None:
    Dataset(dataset.names, FEATURES, dataset.target, None, dataset.part).write(tmp_path / "rows.parquet")
    assert Dataset.read(tmp_path / "rows.parquet", dataset.names).coordinates is None


def test_a_part_has_only_its_rows(dataset: Dataset) -> None:
    valid = dataset.only("valid")
    assert valid.features.tolist() == [[0.1, 2.0]]
    assert (valid.target.tolist(), len(valid.coordinates if valid.coordinates is not None else [])) == ([2.0], 1)


def test_a_feature_with_a_missing_value_is_nullable(dataset: Dataset) -> None:
    assert dataset.nullable == ("slipway",)
