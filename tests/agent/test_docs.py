"""docs/agent.md names what there is, all of it."""

import re
from pathlib import Path

import pytest

from agent import cli, inventory, metrics
from agent.host import Host
from agent.settings import Settings
from agent.state import RESULTS, State

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "agent.md").read_text()
HOST = Host("prod", ("api",), "/x", "prod", "web-1")


@pytest.mark.parametrize(
    "name",
    [
        *Host._fields,
        *Settings._fields,
        *State._fields,
        *RESULTS,
        *re.findall(r"slipway_\w+", inventory.text(HOST, "")),
    ],
)
def test_every_key_result_and_variable_is_named(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def test_every_metric_is_named_with_its_label() -> None:
    for name, label in re.findall(
        r"^(slipway_\w+)(?:\{(\w+)=)?", metrics.text(State(head="a", applied="b", health={"api": ""})), re.M
    ):
        assert f"`{name}{{{label}}}`" in DOCUMENT if label else f"`{name}`" in DOCUMENT


def test_every_default_is_told() -> None:
    for name, default in Settings()._asdict().items():
        assert re.search(rf"`{name}` \| {default} \|", DOCUMENT), name


def test_every_exit_code_is_told() -> None:
    (codes,) = re.findall(r"Exit codes of `run`, `now` and `adopt`: (.*?)Ended by", DOCUMENT, re.DOTALL)
    assert set(map(int, re.findall(r"\b(\d) ", codes))) == {*cli.EXITS.values(), cli.BUSY, 2}
