"""Training and predicting with XGBoost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training import build_features
from training.config import Config
from training.data.dataset import Dataset
from training.models import trees
from training.progress import Progress
from training.workspace import Workspace


@pytest.fixture
def data(trained: Config) -> Dataset:
    return build_features.load(Workspace.of(trained))[0]


def test_training_stops_early_and_keeps_the_trees_up_to_the_best_score(
    config: Config, data: Dataset, progress: Progress
) -> None:
    eager = replace(config, rounds=400, early_stopping_rounds=5, learning_rate=1.0, reg_lambda=0.0)
    booster, history = trees.fit(eager, data, progress)
    best = int(np.argmin(history["valid"])) + 1
    assert booster.num_boosted_rounds() == best
    assert len(history["valid"]) == best + 5 < 400
    assert booster.attributes() == {}


def test_the_kept_trees_have_the_error_of_the_learning_curve(config: Config, data: Dataset, progress: Progress) -> None:
    booster, history = trees.fit(config, data, progress)
    valid = data.only("valid")
    errors = trees.predict(booster, data.names, valid.features) - valid.target
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(min(history["valid"]), rel=1e-5)


def test_a_missing_value_stays_missing(config: Config, progress: Progress) -> None:
    random = np.random.default_rng(0)
    feature = random.normal(size=(400, 1))
    feature[::4] = np.nan
    target = np.where(np.isnan(feature[:, 0]), 100.0, 0.0)
    data = Dataset(("a",), feature, target, None, random.integers(0, 3, 400).astype(np.int8))
    booster, _ = trees.fit(replace(config, learning_rate=1.0, reg_lambda=0.0), data, progress)
    answers = trees.predict(booster, ("a",), np.array([[np.nan], [0.0], [-1.0]]))
    assert answers == pytest.approx([100, 0, 0], abs=1e-3)


def test_the_same_settings_give_the_same_bytes(config: Config, data: Dataset, progress: Progress) -> None:
    raw = [bytes(trees.fit(config, data, progress)[0].save_raw("ubj")) for _ in range(2)]
    assert raw[0] == raw[1]
    assert raw[0] != bytes(trees.fit(replace(config, seed=2), data, progress)[0].save_raw("ubj"))


def test_importance_is_a_share_of_every_feature(config: Config, data: Dataset, progress: Progress) -> None:
    importance = trees.importance(trees.fit(config, data, progress)[0])
    assert set(importance) == set(data.names)
    assert sum(importance.values()) == pytest.approx(1)
