"""A broken route is found among others, also one that only contradicts another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.modules import slipway_routes

ROLES = ["api", "mlflow"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the path of a configuration with routes beside it as a host has them, and files that HAProxy ignores."""
    for name in ("00-gateway.cfg", "mlflow.cfg", "api.cfg", "extra.cfg", "errors.map", "old.cfg.broken"):
        (tmp_path / name).write_text("backend x\n")
    return tmp_path / "00-gateway.cfg"


def refusal(paths: list[str]) -> str:
    """Refuse as HAProxy does: a wrong word, and a name that two files give."""
    texts = {path: Path(path).read_text() for path in paths}
    if wrong := [path for path, text in texts.items() if "wrong" in text]:
        return f"config : parsing [{wrong[0]}:1] : unknown keyword 'wrong' out of section."
    return "config : two sections share a name" if sum("backend same" in text for text in texts.values()) > 1 else ""


def broken(config: Path, output: Callable[[list[str]], str] = refusal) -> dict[str, str]:
    found: dict[str, str] = slipway_routes.broken(output, str(config), slipway_routes.routes(str(config), ROLES))
    return {Path(path).name: reason for path, reason in found.items()}


def test_routes_are_what_haproxy_reads_and_those_of_roles_come_first(config: Path) -> None:
    names = [Path(path).name for path in slipway_routes.routes(str(config), ROLES)]
    assert names == ["api.cfg", "mlflow.cfg", "extra.cfg"]


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert slipway_routes.routes(str(tmp_path / "nothing" / "00-gateway.cfg"), ROLES) == []


def test_right_routes_cost_one_check(config: Path) -> None:
    asked: list[list[str]] = []

    def accept(paths: list[str]) -> str:
        asked.append(paths)
        return ""

    assert broken(config, accept) == {}
    assert [len(paths) for paths in asked] == [4]


@pytest.mark.parametrize("name", ["api.cfg", "extra.cfg"])
def test_the_broken_one_is_named_with_the_reason(config: Path, name: str) -> None:
    path = config.with_name(name)
    path.write_text("wrong\n")
    assert broken(config) == {name: f"config : parsing [{path}:1] : unknown keyword 'wrong' out of section."}


def test_where_two_contradict_each_other_the_roles_own_stays(config: Path) -> None:
    for name in ("extra.cfg", "mlflow.cfg"):
        config.with_name(name).write_text("backend same\n")
    assert list(broken(config)) == ["extra.cfg"]


def test_a_configuration_that_is_wrong_by_itself_is_no_routes_fault(config: Path) -> None:
    with pytest.raises(slipway_routes.ConfigurationError, match="no such file"):
        broken(config, lambda _: "no such file")


def test_the_reason_is_haproxys_first_alert() -> None:
    output = """[NOTICE]   (12) : haproxy version is 3.0.11
[ALERT]    (12) : config : parsing [/etc/x.cfg:1] : unknown keyword 'wrong' out of section.
[ALERT]    (12) : config : Fatal errors found in configuration.
"""
    assert (
        slipway_routes.reason_of(output) == "config : parsing [/etc/x.cfg:1] : unknown keyword 'wrong' out of section."
    )
    assert slipway_routes.reason_of("") == ""
