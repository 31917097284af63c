"""environments/*.yml, which say what differs and nothing more."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings import Settings
from environments import schema

FOLDER = Path(__file__).resolve().parents[2] / "environments"
BASE: dict[str, Any] = yaml.safe_load((FOLDER / "base.yml").read_text())
OTHERS = ["local", "dev", "staging", "prod"]
# What the timer is for, not the agent.
TIMER = {"pull_interval_seconds", "pull_jitter_seconds"}


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return document


def test_base_explains_every_key() -> None:
    explained = True
    for line in (FOLDER / "base.yml").read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        else:
            assert explained, line


def test_base_has_the_keys_of_the_schema_in_its_order() -> None:
    assert list(BASE) == list(schema.KEYS)


@pytest.mark.parametrize("name", OTHERS)
def test_an_environment_says_only_what_differs(name: str) -> None:
    for key, value in read(name).items():
        assert value != BASE[key], key


def test_environments_differ_by_a_few_lines() -> None:
    for name in OTHERS:
        assert len(read(name)) <= 6
    assert set(read("staging")) | set(read("prod")) <= {"branch", "domain"}


def test_each_environment_has_a_branch_and_a_domain_of_its_own() -> None:
    whole = [BASE | read(name) for name in OTHERS]
    assert [each["branch"] for each in whole] == ["local", "main", "staging", "prod"]
    assert len({each["domain"] for each in whole}) == len(OTHERS)


def test_what_is_said_of_the_agent_is_what_it_can_be_told() -> None:
    known = {f"pull_{field.name}" for field in fields(Settings)}
    assert {key for key in BASE if key.startswith("pull_")} - TIMER <= known


def test_the_agents_defaults_are_those_of_base() -> None:
    for field in fields(Settings):
        assert BASE.get(f"pull_{field.name}", field.default) == field.default
