"""Runs, versions and downloads in MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import Config
from training.errors import TrainingError
from training.tracking import runs


def test_the_runs_go_to_a_database_in_the_output_unless_a_server_is_named(tmp_path: Path) -> None:
    assert runs.uri(Config(output=tmp_path)) == f"sqlite:///{tmp_path}/mlflow.db"
    assert runs.uri(Config(tracking_uri="http://there")) == "http://there"


def test_a_download_without_a_database_creates_none(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"mlflow.db: no such database"):
        runs.download("models:/california/1", Config(output=tmp_path), tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_more_values_than_one_call_takes_are_logged_in_batches(registry: Path) -> None:
    config = Config(output=registry)
    client = runs.connect(config)
    with runs.run(config, client, {f"tag{number}": "x" for number in range(150)}) as run:
        run.log_parameters({f"parameter{number}": number for number in range(150)})
        run.log_metrics(("curve", number / 2, number) for number in range(1500))
    found = client.get_run(run.id)
    assert len(found.data.params) == 150
    assert found.data.tags["tag149"] == "x"
    assert found.data.metrics["curve"] == 1499 / 2


def test_a_model_that_another_training_created_is_used(registry: Path) -> None:
    config = Config(output=registry)
    client = runs.connect(config)
    client.create_registered_model("california")
    with runs.run(config, client, {}) as run:
        run._create("california")
    assert [model.name for model in client.search_registered_models()] == ["california"]
