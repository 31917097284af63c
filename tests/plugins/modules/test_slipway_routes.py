"""A broken route is found among others, also one that only contradicts another."""

import glob
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.modules import slipway_routes

ROLES = ["api", "mlflow"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Routes as a host has them, and what Caddy does not read."""
    for name in ("mlflow.caddy", "api.caddy", "extra.caddy", "README", "old.caddy.broken"):
        (tmp_path / name).write_text("handle {}\n")
    return tmp_path


def refusal(pattern: str) -> str:
    """Refuse as Caddy does: a wrong word, and a name that two files give."""
    texts = [Path(path).read_text() for path in sorted(glob.glob(pattern))]
    if any("wrong" in text for text in texts):
        return f"Error: adapting config: {Path(pattern).parent}: unrecognized directive: wrong"
    return "Error: matcher is defined more than once" if sum("@name" in text for text in texts) > 1 else ""


def broken(folder: Path, output: Callable[[str], str] = refusal) -> dict[str, str]:
    found: dict[str, str] = slipway_routes.broken(output, str(folder), slipway_routes.routes(str(folder), ROLES))
    return found


def test_routes_are_what_caddy_reads_and_those_of_roles_come_first(folder: Path) -> None:
    assert slipway_routes.routes(str(folder), ROLES) == ["api.caddy", "mlflow.caddy", "extra.caddy"]


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert slipway_routes.routes(str(tmp_path / "nothing"), ROLES) == []


def test_right_routes_cost_one_check(folder: Path) -> None:
    asked: list[str] = []
    assert broken(folder, lambda pattern: asked.append(pattern) or "") == {}  # type: ignore[func-returns-value]
    assert asked == [str(folder / "*.caddy")]


@pytest.mark.parametrize("name", ["api.caddy", "extra.caddy"])
def test_the_broken_one_is_named_with_the_reason(folder: Path, name: str) -> None:
    (folder / name).write_text("wrong\n")
    assert broken(folder) == {name: f"Error: adapting config: {folder}: unrecognized directive: wrong"}


def test_where_two_contradict_each_other_the_roles_own_stays(folder: Path) -> None:
    for name in ("extra.caddy", "mlflow.caddy"):
        (folder / name).write_text("@name path /x\n")
    assert list(broken(folder)) == ["extra.caddy"]


def test_a_configuration_that_is_wrong_by_itself_is_no_routes_fault(folder: Path) -> None:
    with pytest.raises(slipway_routes.ConfigurationError, match="no such file"):
        broken(folder, lambda pattern: "no such file")
