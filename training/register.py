"""Logs the training to MLflow, registers the model, and writes its bundle.

Reads what `build_features`, `train` and `evaluate` wrote, and refuses what does not belong together.
Writes a run and a model version to MLflow, with the bundle as the version's files, and the same bundle to
<output>/models/<name>/<version>/. The version's tag manifest_sha256 is the release's pin.
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
from training.tracking import provenance, server, telemetry
from training.tracking.record import Facts
from training.workspace import Workspace


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write run, version and bundle, and return where they are."""
    workspace = Workspace.of(config)
    facts = Facts.read(workspace)
    server.require(config)
    progress.say("starting MLflow")
    telemetry.off()
    # MLflow takes seconds to import: --help shall not wait for it.
    from mlflow.exceptions import MlflowException

    from training.tracking import runs

    told = source.shown(runs.uri(config))
    try:
        made = _register(config, workspace, facts)
    except MlflowException as error:
        raise TrainingError(f"MLflow at {told}: {error.message}") from error
    path = export(workspace, made["version"], progress)
    progress.say(f"{config.name} version {made['version']}: {path}, sha256 {made['sha256']}")
    progress.say(f"run {made['run']} in {told}")
    about = {"data": facts.origin["data"], "tracking_uri": told, "metrics": facts.scores}
    return {"name": config.name, "bundle": str(path), **made, **about}


def _register(config: Config, workspace: Workspace, facts: Facts) -> dict[str, str]:
    """Log the run, make the bundle, register it, and return its version, its sha256 and the run."""
    from training.models import bundle
    from training.models.model import Model
    from training.tracking import runs

    model = Model.trained(workspace, facts.features)
    shown = {"mlflow.source.name": "python -m training", "mlflow.source.git.commit": facts.code["git_commit"]}
    with runs.run(config, runs.connect(config), facts.tags | shown) as started:
        _log(started, config, workspace, facts)
        with started.model(config.name) as model_id:
            sha256 = bundle.write(workspace.draft, model, facts.data, model_id, started.id, facts.origin)
            started.upload(model_id, workspace.draft)
        tags = facts.tags | {"manifest_sha256": sha256}
        version = started.register(config.name, model_id, tags, facts.description)
    return {"version": version, "sha256": sha256, "run": started.id}


def _log(started: Any, config: Config, workspace: Workspace, facts: Facts) -> None:
    data = facts.features["data"]
    started.parameters(facts.parameters)
    started.metrics(facts.metrics)
    started.data(config.name, data["sha256"], data["source"], files.dump({"num_rows": data["rows"]}))
    started.files(workspace.evaluation, "evaluation")
    started.text(files.dump(facts.features), "features.json")
    started.text(files.dump(facts.training), "training.json")
    started.text(provenance.installed(), "environment/installed.txt")
    if provenance.LOCK.is_file():
        started.text(provenance.LOCK.read_text(encoding="utf-8"), f"environment/{provenance.LOCK.name}")


def export(workspace: Workspace, version: str, progress: Progress) -> Path:
    """Move the bundle to its place, in one go."""
    path = workspace.bundles / version
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = workspace.folder / "replaced"
    if aside.exists():
        shutil.rmtree(aside)
    if path.exists():
        # A registry that started anew counts from 1 again; the number it gives is the one that holds.
        progress.say(f"{path}: replaces what an earlier registry called version {version}")
        path.rename(aside)
    workspace.draft.rename(path)
    if aside.exists():
        shutil.rmtree(aside)
    return path


def main() -> int:
    """Run the step by itself."""
    return cli.main("register", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
