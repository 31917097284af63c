"""The golden rows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training import build_features
from training.config import Config
from training.data.dataset import Dataset
from training.models import golden
from training.models.model import Model
from training.workspace import Workspace


@pytest.fixture
def data(trained: Config) -> Dataset:
    return build_features.load(Workspace.of(trained))[0]


@pytest.fixture
def model(trained: Config) -> Model:
    return Model.from_workspace(Workspace.of(trained), build_features.load(Workspace.of(trained))[1])


def test_they_have_real_rows_missing_values_and_the_extremes_of_each_field(data: Dataset) -> None:
    rows = golden.choose(data)
    assert len(rows) == golden.ROWS
    real = {row.tobytes() for row in data.features}
    assert sum(row.tobytes() in real for row in rows) > golden.ROWS / 2
    assert np.nanmin(rows, axis=0) == pytest.approx(np.nanmin(data.features, axis=0))
    assert np.nanmax(rows, axis=0) == pytest.approx(np.nanmax(data.features, axis=0))
    missing = np.isnan(rows)
    assert missing[:, data.names.index("AveBedrms")].sum() > 1


def test_only_nullable_fields_have_missing_values(data: Dataset) -> None:
    missing = np.asarray(np.isnan(golden.choose(data)).any(axis=0))
    assert [name for name, is_missing in zip(data.names, missing, strict=True) if is_missing] == ["AveBedrms"]


def test_each_nullable_field_is_missing_alone_and_all_are_together() -> None:
    features = np.random.default_rng(0).normal(size=(100, 3))
    features[0, 0] = features[1, 2] = np.nan
    rows = np.isnan(golden.choose(Dataset(("a", "b", "c"), features, features[:, 0], None, np.zeros(100, np.int8))))
    assert {tuple(row) for row in rows.tolist() if any(row)} == {
        (True, False, False),
        (False, False, True),
        (True, False, True),
    }


def test_few_rows_and_rows_with_missing_values_are_enough(data: Dataset) -> None:
    few = Dataset(("a",), np.array([[1.0], [np.nan]]), np.zeros(2), None, np.zeros(2, np.int8))
    assert len(golden.choose(few)) == 5
    holes = np.array([[1.0, np.nan], [np.nan, 2.0]])
    assert len(golden.choose(Dataset(("a", "b"), holes, np.zeros(2), None, np.zeros(2, np.int8)))) == 9


def test_the_predictions_are_exactly_xgboosts_own(model: Model, data: Dataset) -> None:
    document = json.loads(json.dumps(golden.build(model, data), allow_nan=False))
    assert document["columns"] == list(data.names)
    rows = np.array([[np.nan if value is None else value for value in row] for row in document["rows"]], np.float64)
    assert np.array(document["predictions"], np.float32).tobytes() == model.predict(rows).tobytes()
