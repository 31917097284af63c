"""The settings, as --help and the documentation show them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from training import settings_help
from training.config import ROOT, Config


def test_both_show_every_setting_with_its_default_and_its_range() -> None:
    for shown in (settings_help.text(), str(settings_help.described())):
        assert all(item.name in shown and settings_help.default(item.default) in shown for item in fields(Config))
        assert "more than 0 and at most 1" in shown


def test_the_help_names_the_variables_of_the_environment() -> None:
    assert "(or DATA= in the environment)" in settings_help.text()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(("a", "b"), "a,b"), (True, "true"), (ROOT / "var", "var"), (Path("/var"), "/var"), (1.5, "1.5")],
)
def test_a_default_is_shown_as_it_is_typed(value: object, shown: str) -> None:
    assert settings_help.default(value) == shown
