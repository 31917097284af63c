"""The full California Housing data and its model. These tests run if DATA names the file."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from mlflow.tracking import MlflowClient

import app.bundle
from tests.training.conftest import pipeline
from training import make_data, predict
from training.config import Config
from training.evaluation.regions import BOXES, region_names
from training.progress import Progress

DATA = os.environ.get("DATA", "")
pytestmark = [pytest.mark.long]
if not DATA:
    # `skip` for the whole module rather than `skipif`: pytest's summary then gives it one line.
    pytestmark.append(pytest.mark.skip(reason="DATA=<path of california_housing.csv> is not set: the full data set"))


@pytest.fixture(scope="module")
def housing() -> Path:
    """The path in DATA."""
    return Path(DATA).resolve()


@pytest.fixture(scope="module")
def trained_on_housing(tmp_path_factory: pytest.TempPathFactory, housing: Path) -> dict[str, Any]:
    """The result of `python -m training` with the default settings."""
    return pipeline(tmp_path_factory.mktemp("housing") / "var", housing)


def test_the_data_is_complete(housing: Path, tmp_path: Path, progress: Progress) -> None:
    record = make_data.run(Config(output=tmp_path, data=str(housing)), progress)
    assert record["rows"] == 20_640
    assert pyarrow.parquet.read_table(record["kept"]).column("AveBedrms").to_pandas().isna().sum() == 207


def test_every_row_is_in_a_region_with_enough_rows(housing: Path) -> None:
    with housing.open(newline="") as file:
        places = [(float(row["Latitude"]), float(row["Longitude"])) for row in csv.DictReader(file)]
    counts = Counter(region_names(np.array(places)))
    assert set(counts) == {box.name for box in BOXES}
    assert min(counts.values()) > 500


def test_the_model_explains_held_out_rows(trained_on_housing: dict[str, Any]) -> None:
    assert trained_on_housing["metrics"]["r2"] >= 0.83


def test_only_bedrooms_may_be_missing(trained_on_housing: dict[str, Any]) -> None:
    fields = app.bundle.load(Path(trained_on_housing["bundle"])).fields
    assert tuple(field.name for field in fields) == Config().features
    assert {field.name for field in fields if field.nullable} == {"AveBedrms"}


def test_the_run_has_the_errors_of_each_region_and_a_map(trained_on_housing: dict[str, Any]) -> None:
    client = MlflowClient(trained_on_housing["tracking_uri"])
    run = trained_on_housing["run"]
    assert {f"region_rmse/{box.name}" for box in BOXES} <= set(client.get_run(run).data.metrics)
    assert "evaluation/residuals_map.png" in {file.path for file in client.list_artifacts(run, "evaluation")}


def test_its_predictions_are_about_right(trained_on_housing: dict[str, Any], housing: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    arguments = ["--bundle", trained_on_housing["bundle"], "--input", str(housing), "--output", str(output)]
    assert predict.main(arguments) == 0
    table = pyarrow.parquet.read_table(output)
    true = np.array([float(value) for value in table.column(Config().target).to_pylist()])
    assert np.abs(table.column("prediction").to_numpy() - true).mean() < 0.3
