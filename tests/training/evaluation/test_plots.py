"""The plots. People judge how they look; these tests check that they are not blank."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from training.data.dataset import Dataset
from training.evaluation import plots, scores

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.gamma(2, 1, 200)
ANSWERS = TRUE + RANDOM.normal(0, 0.3, 200)
PLACE = RANDOM.uniform((33, -120), (40, -115), (200, 2))
HISTORY = {"train": [1.0, 0.5, 0.4], "valid": [1.0, 0.6, 0.7]}


def draw(folder: Path, place: np.ndarray | None, history: dict[str, list[float]] | None) -> dict[str, Path]:
    data = Dataset(("a", "b"), np.zeros((200, 2)), TRUE, place, np.full(200, 2, np.int8))
    record = {
        "on": "held-out rows",
        "target": "value",
        "scores": {"test": scores.scores(TRUE, ANSWERS)},
        "deciles": scores.by_decile(TRUE, ANSWERS),
        "regions": scores.by_region(TRUE, ANSWERS, ["here"] * 200) if place is not None else [],
        "importance": {"a": 0.7, "b": 0.3},
    }
    return {path.stem: path for path in plots.draw(folder, data, ANSWERS, record, history)}


ALL = {"predicted_against_true", "importance", "errors_by_group", "residuals_map", "learning_curve"}


def test_each_plot_is_written_and_not_blank(tmp_path: Path) -> None:
    drawn = draw(tmp_path, PLACE, HISTORY)
    assert set(drawn) == ALL
    for path in drawn.values():
        pixels = matplotlib.image.imread(path)
        assert min(pixels.shape[:2]) >= 150
        # One number per pixel: `unique` of rows takes ten times as long.
        colours = (pixels * 255).astype(np.uint8)[..., :3] @ np.array([1, 256, 65536])
        assert len(np.unique(colours)) > 50, path


def test_a_plot_without_data_is_not_written(tmp_path: Path) -> None:
    assert set(draw(tmp_path, None, None)) == ALL - {"residuals_map", "learning_curve"}
    nowhere = np.full((200, 2), np.nan)
    assert "residuals_map" not in draw(tmp_path, nowhere, None)


@pytest.mark.filterwarnings("error")
def test_unusual_data_gives_no_warning(tmp_path: Path) -> None:
    place = PLACE.copy()
    place[:50] = np.nan
    draw(tmp_path, place, {"train": [1.0], "valid": [1.0]})
