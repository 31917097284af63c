"""What training logs to MLflow."""

from __future__ import annotations

from training.config import Config
from training.record import TrainingRecord
from training.workspace import Workspace


def test_the_tags_of_the_bundle_have_no_location_of_the_data(evaluated: Config) -> None:
    record = TrainingRecord.read(Workspace.of(evaluated))
    assert record.tags["data_source"] == evaluated.data
    assert evaluated.data not in str(record.origin)
    assert record.origin["data_sha256"] == record.features["data"]["sha256"]


def test_metrics_are_named_once_per_step(evaluated: Config) -> None:
    metrics = TrainingRecord.read(Workspace.of(evaluated)).metrics
    assert len({(name, step) for name, _, step in metrics}) == len(metrics)
    names = {name for name, _, _ in metrics}
    assert {"test_rmse", "test_mae", "test_r2", "trees", "decile_rmse", "curve_valid_rmse"} <= names
