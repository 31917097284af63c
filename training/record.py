"""The record of a training as MLflow logs it: parameters, metrics, tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training import build_features, evaluate, files
from training.data.dataset import Dataset
from training.data.split import TEST
from training.errors import TrainingError
from training.tracking import provenance
from training.workspace import Workspace


@dataclass(frozen=True)
class TrainingRecord:
    """The records of all steps, and the state of the code."""

    data: Dataset
    features: dict[str, Any]
    training: dict[str, Any]
    evaluation: dict[str, Any]
    code: dict[str, str]

    @classmethod
    def read(cls, workspace: Workspace) -> TrainingRecord:
        """Read the records of a workspace. Raises TrainingError if they are not of the same training."""
        data, features = build_features.load(workspace)
        training = files.read_json(workspace.training_record, "train")
        evaluation = files.read_json(workspace.evaluation / evaluate.RECORD, "evaluate")
        if (evaluation["model_sha256"], evaluation["features_sha256"]) != (training["sha256"], features["sha256"]):
            raise TrainingError(
                f"{workspace.evaluation}: evaluation of another model; run `python -m training.evaluate` again"
            )
        return cls(data, features, training, evaluation, provenance.git())

    @property
    def scores(self) -> dict[str, float]:
        """RMSE, MAE and R2 on the held-out part."""
        scores: dict[str, float] = self.evaluation["scores"][TEST]
        return scores

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings of the run."""
        names = {"features": ",".join(self.features["features"]), "target": self.features["target"]}
        return {**self.training["parameters"], **self.features["split"], **names}

    @property
    def origin(self) -> dict[str, str]:
        """The origin of data and code. A bundle carries it to other machines, so it has no location of the data."""
        data = self.features["data"]
        return {"data": data["kind"], "data_sha256": data["sha256"]} | self.code

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the run and of the model version."""
        return self.origin | {"data_source": self.features["data"]["source"]}

    @property
    def metrics(self) -> list[tuple[str, float, int]]:
        """The scores as (name, value, step). The step of a curve is the tree, the step of a decile its number."""
        scores = self.evaluation["scores"].items()
        metrics = [(f"{part}_{name}", value, 0) for part, of in scores for name, value in of.items()]
        metrics += [("trees", self.training["trees"], 0)]
        for error in ("rmse", "mae", "bias"):
            metrics += [(f"decile_{error}", row[error], row["decile"]) for row in self.evaluation["deciles"]]
            metrics += [(f"region_{error}/{row['region']}", row[error], 0) for row in self.evaluation["regions"]]
        for part, rmse in self.training["history"].items():
            metrics += [(f"curve_{part}_rmse", value, tree) for tree, value in enumerate(rmse, start=1)]
        return metrics

    @property
    def description(self) -> str:
        """The description of the model version, one line."""
        scores = ", ".join(f"{name.upper()} {value:.4f}" for name, value in self.scores.items())
        data = self.features["data"]
        return f"{scores} held out; {self.training['trees']} trees; data {data['kind']}, sha256 {data['sha256'][:12]}"
