"""Scores of all rows, of deciles and of regions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn import metrics

from training.evaluation import scores

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.gamma(2, 1, 1003)
PREDICTED = TRUE + RANDOM.normal(0.1, 0.5, 1003)


def test_the_scores_are_those_of_scikit_learn() -> None:
    found = scores.scores(TRUE, PREDICTED)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(TRUE, PREDICTED))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(TRUE, PREDICTED))
    assert found["r2"] == pytest.approx(metrics.r2_score(TRUE, PREDICTED))


def test_the_deciles_are_in_the_order_of_the_target() -> None:
    deciles = scores.by_decile(TRUE, PREDICTED)
    assert [row["decile"] for row in deciles] == list(range(1, 11))
    assert sum(row["rows"] for row in deciles) == len(TRUE)
    assert {row["rows"] for row in deciles} <= {100, 101}
    assert all(low["to"] <= high["from"] for low, high in itertools.pairwise(deciles))
    total = sum(row["rows"] * row["rmse"] ** 2 for row in deciles) / len(TRUE)
    assert np.sqrt(total) == pytest.approx(scores.scores(TRUE, PREDICTED)["rmse"])


def test_fewer_rows_than_deciles_give_fewer_deciles() -> None:
    assert [row["rows"] for row in scores.by_decile(TRUE[:3], PREDICTED[:3])] == [1, 1, 1]


def test_the_largest_region_comes_first() -> None:
    names = ["South", "North", "South"]
    rows = scores.by_region(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]), names)
    assert rows[0] == {"region": "South", "rows": 2, "rmse": 1.0, "mae": 1.0, "bias": 0.0}
    assert rows[1] == {"region": "North", "rows": 1, "rmse": 0.0, "mae": 0.0, "bias": 0.0}
