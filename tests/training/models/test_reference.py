"""The profile of the training data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training import build_features
from training.config import Config
from training.models import reference
from training.models.model import Model
from training.workspace import Workspace


def test_a_profile_counts_every_value_once() -> None:
    values = np.concatenate([np.random.default_rng(0).lognormal(0, 3, 1000), [np.nan] * 250])
    profile = reference.profile(values)
    assert profile["missing_share"] == 0.2
    assert sum(profile["histogram"]["counts"]) == 1000
    assert len(profile["histogram"]["counts"]) == reference.BINS == len(profile["histogram"]["edges"]) - 1
    assert profile["histogram"]["edges"][0] == profile["min"] == np.nanmin(values)
    assert profile["histogram"]["edges"][-1] == profile["max"] == np.nanmax(values)
    assert set(profile["histogram"]["counts"]) == {50}
    assert profile["quantiles"]["0.5"] == pytest.approx(np.nanmedian(values))
    assert list(profile["quantiles"]) == ["0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"]


def test_few_values_have_few_bins_with_rising_edges() -> None:
    for values, counts in [([1.0, 1.0, 1.0], [3]), ([0.0, 1.0], None), ([1.0] * 99 + [2.0], None)]:
        histogram = reference.profile(np.array(values))["histogram"]
        assert (np.diff(histogram["edges"]) > 0).all()
        assert sum(histogram["counts"]) == len(values)
        assert counts is None or histogram["counts"] == counts


def test_a_column_of_missing_values_has_no_histogram() -> None:
    assert reference.profile(np.array([np.nan]))["histogram"] is None


def test_the_profile_covers_fields_and_predictions_of_the_train_part(trained: Config) -> None:
    data, record = build_features.load(Workspace.of(trained))
    document = reference.build(Model.from_workspace(Workspace.of(trained), record), data)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["rows"] == record["rows"]["train"] == sum(document["prediction"]["histogram"]["counts"])
    assert list(document["fields"]) == list(data.names)
    assert document["fields"]["AveBedrms"]["missing_share"] > 0
    assert document["fields"]["MedInc"]["missing_share"] == 0
