"""Bundles from a folder and from MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import Config
from training.errors import TrainingError
from training.tracking import fetch


def test_a_folder_is_used_where_it_is(tmp_path: Path) -> None:
    assert fetch.bundle(str(tmp_path), Config(), tmp_path / "copy") == tmp_path


def test_an_unknown_model_is_refused_with_its_address(tmp_path: Path, registry: Path) -> None:
    config = Config(output=registry)
    with pytest.raises(TrainingError, match=r"models:/none/1: download failed: .*none"):
        fetch.bundle("models:/none/1", config, tmp_path / "copy")
