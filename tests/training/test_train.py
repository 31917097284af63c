"""The step `train`."""

from __future__ import annotations

from training import files, train
from training.config import Config
from training.models import trees
from training.progress import Progress
from training.workspace import Workspace


def test_model_parameters_and_learning_curve_are_written(trained: Config) -> None:
    workspace = Workspace.of(trained)
    record = files.read_json(workspace.training_record, "train")
    assert trees.load(workspace.model).num_boosted_rounds() == record["trees"] <= trained.rounds
    assert record["sha256"] == files.sha256(workspace.model)
    assert record["parameters"]["max_depth"] == trained.max_depth
    assert record["parameters"]["rounds"] == trained.rounds
    assert len(record["history"]["valid"]) == len(record["history"]["train"]) >= record["trees"]


def test_training_again_gives_the_same_bytes(trained: Config, progress: Progress) -> None:
    before = Workspace.of(trained).model.read_bytes()
    train.run(trained, progress)
    assert Workspace.of(trained).model.read_bytes() == before
