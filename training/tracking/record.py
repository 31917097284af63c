"""What the steps found out about one training, in the words of MLflow: parameters, metrics, tags."""

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
class Facts:
    """The records of the steps, and the state of the code."""

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
        if (evaluation["model_sha256"], evaluation["features_sha256"]) != (training["sha256"], features["sha256"]):
            wanted = "`python -m training.evaluate` measures this one"
            raise TrainingError(f"{workspace.evaluation}: is of another model, {wanted}")
        return cls(data, features, training, evaluation, provenance.git())

    @property
    def scores(self) -> dict[str, float]:
        """RMSE, MAE and R2 on the held-out part."""
        scores: dict[str, float] = self.evaluation["scores"][TEST]
        return scores

    @property
    def parameters(self) -> dict[str, Any]:
        """What was set."""
        names = {"features": ",".join(self.features["features"]), "target": self.features["target"]}
        return {**self.training["parameters"], **self.features["split"], **names}

    @property
    def origin(self) -> dict[str, str]:
        """Where data and code come from, without the data's address, which is nobody's business where a bundle goes."""
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

    @property
    def description(self) -> str:
        """One line for the page of the version."""
        scores = ", ".join(f"{name.upper()} {value:.4f}" for name, value in self.scores.items())
        data = self.features["data"]
        return f"{scores} held out; {self.training['trees']} trees; data {data['kind']}, sha256 {data['sha256'][:12]}"
