"""The run, the version and the bundle that `register` writes."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.tracking import MlflowClient

import app.bundle
from training import register, train
from training.config import ROOT, Config
from training.errors import TrainingError
from training.progress import Progress
from training.tracking import fetch
from training.workspace import Workspace


@pytest.fixture
def client(release: dict[str, Any]) -> MlflowClient:
    mlflow.set_tracking_uri(f"sqlite:///{release['output']}/mlflow.db")
    return MlflowClient()


def test_the_run_has_parameters_metrics_and_the_origin_of_data_and_code(
    client: MlflowClient, release: dict[str, Any]
) -> None:
    run = client.get_run(release["run"])
    assert run.info.status == "FINISHED"
    assert run.data.params["max_depth"] == "3"
    assert run.data.params["features"] == "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6"
    assert {name: run.data.metrics[f"test_{name}"] for name in ("rmse", "mae", "r2")} == release["metrics"]
    assert [row.step for row in client.get_metric_history(release["run"], "decile_rmse")] == list(range(1, 11))
    assert re.fullmatch("[0-9a-f]{40}|unknown", run.data.tags["git_commit"])
    assert run.data.tags["git_clean"] in ("true", "false", "unknown")
    assert run.data.tags["data"] == "given"
    assert run.inputs
    [dataset] = run.inputs.dataset_inputs
    assert run.data.tags["data_sha256"].startswith(dataset.dataset.digest)


def test_the_run_has_plots_records_and_the_environment(client: MlflowClient, release: dict[str, Any]) -> None:
    def names(folder: str) -> set[str]:
        return {Path(file.path).name for file in client.list_artifacts(release["run"], folder)}

    assert names("") == {"evaluation", "environment", "features.json", "training.json"}
    assert {name for name in names("evaluation") if name.endswith(".png")} == {
        "errors_by_group.png", "importance.png", "learning_curve.png", "predicted_against_true.png"
    }  # fmt: skip
    assert "installed.txt" in names("environment")
    assert ("mlops.txt" in names("environment")) == (ROOT / "requirements" / "mlops.txt").is_file()


def test_the_version_is_tagged_with_the_pin_and_ready(client: MlflowClient, release: dict[str, Any]) -> None:
    version = client.get_model_version("diabetes", release["version"])
    assert version.status == "READY"
    assert version.run_id == release["run"]
    assert version.tags["manifest_sha256"] == release["sha256"]
    assert version.tags["data"] == "given"
    assert f"R2 {release['metrics']['r2']:.3f}" in (version.description or "")


def test_a_download_from_the_registry_is_the_bundle(
    client: MlflowClient, release: dict[str, Any], bundle: Path, tmp_path: Path
) -> None:
    config = Config(output=release["output"])
    for location in (f"models:/diabetes/{release['version']}", f"runs:/{release['run']}/diabetes"):
        folder = tmp_path / location.partition(":")[0]
        downloaded = fetch.bundle(location, config, folder)
        assert app.bundle.verify(downloaded, release["sha256"]) == app.bundle.verify(bundle)


def test_the_bundle_is_in_the_folder_of_its_version(release: dict[str, Any]) -> None:
    assert release["bundle"] == str(release["output"] / "models" / "diabetes" / "1")
    assert [entry.name for entry in (release["output"] / "models" / "diabetes").iterdir()] == ["1"]


@pytest.fixture
def registrable(evaluated: Config, registry: Path) -> Config:
    """The settings of an evaluated training, with an MLflow database."""
    assert registry == evaluated.output
    return evaluated


def test_another_training_gets_the_next_version(registrable: Config, progress: Progress) -> None:
    results = [register.run(registrable, progress) for _ in range(2)]
    assert [result["version"] for result in results] == ["1", "2"]
    for result in results:
        app.bundle.verify(Path(result["bundle"]), result["sha256"])


def test_an_evaluation_of_another_model_is_refused(registrable: Config, progress: Progress) -> None:
    from dataclasses import replace

    train.run(replace(registrable, seed=2), progress)
    with pytest.raises(TrainingError, match=r"evaluation of another model; run `python -m training.evaluate` again"):
        register.run(registrable, progress)


def test_after_a_failure_the_run_is_failed_and_there_is_no_version(
    registrable: Config, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.models import bundle

    def fail(*_: object) -> str:
        raise TrainingError("no room")

    monkeypatch.setattr(bundle, "write", fail)
    with pytest.raises(TrainingError, match="no room"):
        register.run(registrable, progress)
    client = MlflowClient()
    experiment = client.get_experiment_by_name("california")
    assert experiment is not None
    assert [run.info.status for run in client.search_runs([experiment.experiment_id])] == ["FAILED"]
    assert [str(model.status) for model in client.search_logged_models([experiment.experiment_id])] == ["FAILED"]
    assert client.search_model_versions("") == []


def test_replacing_a_bundle_of_an_earlier_registry_is_reported(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "mine")
    stream = io.StringIO()
    for content in ("old", "new"):
        workspace.draft.mkdir(parents=True)
        (workspace.draft / "file").write_text(content)
        path = register.export(workspace, "1", Progress(stream))
    assert (path / "file").read_text() == "new"
    assert [entry.name for entry in workspace.bundles.iterdir()] == ["1"]
    assert "replaces version 1 of an earlier registry" in stream.getvalue()
