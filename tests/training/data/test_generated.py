"""The generated data."""

from __future__ import annotations

import numpy as np

from training.config import Config
from training.data import generated


def test_it_has_the_columns_of_california_housing_and_is_the_same_each_time() -> None:
    columns = generated.generate()
    assert list(columns) == [*Config().features, Config().target]
    assert {len(column) for column in columns.values()} == {generated.ROWS}
    assert all(np.array_equal(column, generated.generate()[name], equal_nan=True) for name, column in columns.items())


def test_only_bedrooms_are_missing_as_in_the_real_data() -> None:
    missing = {name: float(np.isnan(column).mean()) for name, column in generated.generate().items()}
    assert 0.005 < missing.pop("AveBedrms") < 0.02
    assert set(missing.values()) == {0.0}
