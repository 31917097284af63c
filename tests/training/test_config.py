"""The settings and the values that they refuse."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from training.config import Config
from training.errors import ConfigError


def test_the_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().seed = 2  # type: ignore[misc]


def test_every_setting_has_a_help_text() -> None:
    assert all(item.metadata["help"] for item in fields(Config))


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("test_share", 1.0, "less than 1"),
        ("test_share", 0.0, "more than 0"),
        ("valid_share", 0.9, "less than 1"),
        ("rounds", 0, "1 or more"),
        ("learning_rate", 2.0, "at most 1"),
        ("reg_lambda", -1.0, "0 or more"),
        ("max_bin", 1, "2 or more"),
        ("name", "../up", "letters"),
        ("name", "", "letters"),
        ("features", (), "one or more names"),
        ("features", ("a", "a"), "no name twice"),
        ("target", "MedInc", "another column"),
        ("latitude", "", "both columns or neither"),
    ],
)
def test_a_value_out_of_range_is_refused_with_key_value_and_what_was_wanted(key: str, value: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted) as caught:
        Config(**{key: value})
    assert key in str(caught.value) or key == "valid_share"
    assert str(value) in str(caught.value)


def test_the_columns_have_no_duplicates() -> None:
    config = Config(features=("a", "b"), target="t", latitude="b", longitude="c")
    assert config.columns == ("a", "b", "c", "t")
