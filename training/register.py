"""Logs the training to MLflow, registers the model, and writes its bundle.

Reads the output of `build_features`, `train` and `evaluate`, and fails if the three are not of the same training.
Creates a run and a model version in MLflow, with the bundle as the version's files, and writes the same bundle to
<output>/models/<name>/<version>/. The tag manifest_sha256 of the version is the pin for release.yml.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from training import cli, files
from training.config import Config
from training.data import source
from training.errors import TrainingError
from training.progress import Progress
from training.record import TrainingRecord
from training.tracking import provenance, server, telemetry
from training.workspace import Workspace


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write run, version and bundle, and return their ids and paths."""
    workspace = Workspace.of(config)
    record = TrainingRecord.read(workspace)
    server.require(config)
    progress.say("starting MLflow")
    telemetry.disable()
    # MLflow takes seconds to import, and --help must not wait for it.
    from mlflow.exceptions import MlflowException

    from training.tracking import runs

    server_uri = source.redacted(runs.uri(config))
    try:
        made = _register(config, workspace, record)
    except MlflowException as error:
        raise TrainingError(f"MLflow at {server_uri}: {error.message}") from error
    path = export(workspace, made["version"], progress)
    progress.say(f"{config.name} version {made['version']}: {path}, sha256 {made['sha256']}")
    progress.say(f"run {made['run']} in {server_uri}")
    about = {"data": record.origin["data"], "tracking_uri": server_uri, "metrics": record.scores}
    return {"name": config.name, "bundle": str(path), **made, **about}


def _register(config: Config, workspace: Workspace, record: TrainingRecord) -> dict[str, str]:
    """Log the run, make the bundle, register it, and return its version, its sha256 and the run."""
    from training.models import bundle
    from training.models.model import Model
    from training.tracking import runs

    model = Model.from_workspace(workspace, record.features)
    source_tags = {"mlflow.source.name": "python -m training", "mlflow.source.git.commit": record.code["git_commit"]}
    with runs.run(config, runs.connect(config), record.tags | source_tags) as started:
        _log(started, config, workspace, record)
        with started.model(config.name) as model_id:
            sha256 = bundle.write(workspace.draft, model, record.data, model_id, started.id, record.origin)
            started.upload(model_id, workspace.draft)
        tags = record.tags | {"manifest_sha256": sha256}
        version = started.register(config.name, model_id, tags, record.description)
    return {"version": version, "sha256": sha256, "run": started.id}


def _log(started: Any, config: Config, workspace: Workspace, record: TrainingRecord) -> None:
    data = record.features["data"]
    started.log_parameters(record.parameters)
    started.log_metrics(record.metrics)
    started.log_data(config.name, data["sha256"], data["source"], files.to_json({"num_rows": data["rows"]}))
    started.log_files(workspace.evaluation, "evaluation")
    started.log_text(files.to_json(record.features), "features.json")
    started.log_text(files.to_json(record.training), "training.json")
    started.log_text(provenance.installed(), "environment/installed.txt")
    if provenance.LOCK.is_file():
        started.log_text(provenance.LOCK.read_text(encoding="utf-8"), f"environment/{provenance.LOCK.name}")


def export(workspace: Workspace, version: str, progress: Progress) -> Path:
    """Move the bundle to its final path, by a rename."""
    path = workspace.bundles / version
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = workspace.folder / "replaced"
    if aside.exists():
        shutil.rmtree(aside)
    if path.exists():
        # A new registry starts again at version 1. Its number is the valid one, so the old bundle goes.
        progress.say(f"{path}: replaces version {version} of an earlier registry")
        path.rename(aside)
    workspace.draft.rename(path)
    if aside.exists():
        shutil.rmtree(aside)
    return path


def main() -> int:
    """Run this step alone."""
    return cli.main("register", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
