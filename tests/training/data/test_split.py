"""The split into train, valid and test."""

from __future__ import annotations

import numpy as np
import pytest

from training.data import split

FEATURES = np.random.default_rng(1).normal(size=(4000, 3))


def deal(features: np.ndarray = FEATURES, seed: int = 0) -> np.ndarray:
    return split.assign(features, 0.2, 0.1, seed)


def test_the_parts_have_about_their_shares() -> None:
    shares = np.bincount(deal()) / len(FEATURES)
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_a_row_keeps_its_part_when_rows_are_added_or_moved() -> None:
    assert (deal(FEATURES[:1000]) == deal()[:1000]).all()
    assert (deal(FEATURES[::-1]) == deal()[::-1]).all()


def test_equal_rows_stay_together_even_with_missing_values() -> None:
    features = np.repeat([[1.0, np.nan, 0.0]], 5, axis=0)
    features.view(np.uint64)[3, 1] |= 1
    assert len(set(deal(features).tolist())) == 1


def test_another_seed_gives_another_split() -> None:
    assert (deal(seed=1) != deal()).mean() > 0.2


def test_a_larger_held_out_part_keeps_what_was_held_out() -> None:
    smaller, larger = deal(), split.assign(FEATURES, 0.3, 0.1, 0)
    assert set(larger[smaller == 2].tolist()) == {2}
