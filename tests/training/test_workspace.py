"""The folder of a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import Config
from training.errors import TrainingError
from training.workspace import Workspace


def test_a_second_training_of_one_model_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.of(Config(output=tmp_path))
    with workspace.locked(), pytest.raises(TrainingError, match="another training of 'california' is running"):  # noqa: SIM117 - the second lock is what raises
        with workspace.locked():
            pass
    with workspace.locked():
        pass


def test_two_models_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = (Workspace.of(Config(output=tmp_path, name=name)) for name in ("one", "other"))
    with one.locked(), other.locked():
        assert one.folder != other.folder
