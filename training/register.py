"""Logs the training to MLflow, registers the model, and writes its bundle.

Reads what `build_features`, `train` and `evaluate` wrote, and refuses what does not belong together.
Writes a run and a model version to MLflow, with the bundle as the version's files, and the same bundle to
<output>/models/<name>/<version>/. The version's tag manifest_sha256 is the release's pin.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import build_features, cli, evaluate, files, provenance, source, telemetry
from training.config import Config
from training.dataset import Dataset
from training.errors import TrainingError
from training.progress import Progress
from training.split import TEST
from training.workspace import Workspace


@dataclass(frozen=True)
class Facts:
    """What the steps before this one found out."""

    data: Dataset
    features: dict[str, Any]
    training: dict[str, Any]
    evaluation: dict[str, Any]
    code: dict[str, str]

    @classmethod
    def read(cls, workspace: Workspace) -> Facts:
        """Return the records, which have to be of one and the same training."""
        data, features = build_features.load(workspace)
        training = files.read_json(workspace.training_record, "train")
        evaluation = files.read_json(workspace.evaluation / evaluate.RECORD, "evaluate")
        if evaluation["model_sha256"] != training["sha256"] or evaluation["features_sha256"] != features["sha256"]:
            raise TrainingError(
                f"{workspace.evaluation}: is of another model, `python -m training.evaluate` measures this one"
            )
        return cls(data, features, training, evaluation, provenance.git())

    @property
    def parameters(self) -> dict[str, Any]:
        """What was set."""
        names = {"features": ",".join(self.features["features"]), "target": self.features["target"]}
        return {**self.training["parameters"], **self.features["split"], **names}

    @property
    def origin(self) -> dict[str, str]:
        """Where data and code come from, without the data's address, which is nobody's business where this goes."""
        data = self.features["data"]
        return {"data": data["kind"], "data_sha256": data["sha256"]} | self.code

    @property
    def tags(self) -> dict[str, str]:
        """What is told of a run and of a version."""
        return self.origin | {"data_source": self.features["data"]["source"]}

    @property
    def metrics(self) -> list[tuple[str, float, int]]:
        """What was measured, as (name, value, step); the step of a curve is the tree, of a decile its number."""
        scores = self.evaluation["scores"].items()
        found = [(f"{part}_{name}", value, 0) for part, of in scores for name, value in of.items()]
        found += [("trees", self.training["trees"], 0)]
        for error in ("rmse", "mae", "bias"):
            found += [(f"decile_{error}", row[error], row["decile"]) for row in self.evaluation["deciles"]]
            found += [(f"region_{error}/{row['region']}", row[error], 0) for row in self.evaluation["regions"]]
        for part, rmse in self.training["history"].items():
            found += [(f"curve_{part}_rmse", value, tree) for tree, value in enumerate(rmse, start=1)]
        return found


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write run, version and bundle, and return where they are."""
    workspace = Workspace.of(config)
    facts = Facts.read(workspace)
    telemetry.off()
    progress.say("starting MLflow")
    # MLflow takes seconds to import: --help shall not wait for it.
    from training import bundle, tracking
    from training.model import Model

    model = Model.trained(workspace, facts.features)
    client = tracking.connect(config)
    told = source.shown(tracking.uri(config))
    tags = facts.tags | {
        "mlflow.source.name": "python -m training",
        "mlflow.source.git.commit": facts.code["git_commit"],
    }
    with tracking.run(config, client, tags) as started:
        _log(started, config, workspace, facts)
        progress.say(f"run {started.id} in {told}")
        with started.model(config.name) as model_id:
            sha256 = bundle.write(workspace.draft, model, facts.data, model_id, started.id, facts.origin)
            started.upload(model_id, workspace.draft)
        version = started.register(config.name, model_id, facts.tags | {"manifest_sha256": sha256}, _description(facts))
    path = export(workspace, version, progress)
    progress.say(f"{config.name} version {version}: {path}, sha256 {sha256}")
    return {
        "name": config.name,
        "version": version,
        "bundle": str(path),
        "sha256": sha256,
        "data": facts.tags["data"],
        "run": started.id,
        "tracking_uri": told,
        "metrics": facts.evaluation["scores"][TEST],
    }


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


def _description(facts: Facts) -> str:
    scores = ", ".join(f"{name.upper()} {value:.4f}" for name, value in facts.evaluation["scores"][TEST].items())
    tags = facts.tags
    return f"{scores} held out; {facts.training['trees']} trees; data {tags['data']} {tags['data_sha256'][:12]}"


def export(workspace: Workspace, version: str, progress: Progress) -> Path:
    """Move the bundle to its place, in one go."""
    path = workspace.bundles / version
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        # A registry that started anew counts from 1 again; the number it gives is the one that holds.
        progress.say(f"{path}: replaces the version {version} of an earlier registry")
        aside = workspace.folder / "replaced"
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)
        workspace.draft.rename(path)
        shutil.rmtree(aside)
    else:
        workspace.draft.rename(path)
    return path


def main() -> int:
    """Run the step by itself."""
    return cli.main("register", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
