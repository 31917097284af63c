"""What MLflow is told."""

from __future__ import annotations

from training.config import Config
from training.tracking.record import Facts
from training.workspace import Workspace


def test_nothing_that_is_told_with_the_bundle_says_where_the_data_was(evaluated: Config) -> None:
    facts = Facts.read(Workspace.of(evaluated))
    assert facts.tags["data_source"] == evaluated.data
    assert evaluated.data not in str(facts.origin)
    assert facts.origin["data_sha256"] == facts.features["data"]["sha256"]


def test_metrics_are_named_once_per_step(evaluated: Config) -> None:
    metrics = Facts.read(Workspace.of(evaluated)).metrics
    assert len({(name, step) for name, _, step in metrics}) == len(metrics)
    names = {name for name, _, _ in metrics}
    assert {"test_rmse", "test_mae", "test_r2", "trees", "decile_rmse", "curve_valid_rmse"} <= names
