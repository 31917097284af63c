"""Only what is missing is installed, and apt's complaint is what the run fails with."""

from typing import Any

import pytest

from plugins.modules import slipway_packages


class Module:
    """What Ansible gives a module."""

    def __init__(self, answer: tuple[int, str, str], *names: str) -> None:
        self.params = {"names": list(names)}
        self.answer = answer
        self.asked: list[list[str]] = []

    def run_command(self, command: list[str], **_: Any) -> tuple[int, str, str]:
        self.asked.append(command)
        return self.answer

    def fail_json(self, msg: str) -> None:
        raise SystemExit(msg)


def test_what_is_installed_is_left_alone() -> None:
    # One that was removed has a status still, and one that dpkg never heard of has none.
    listed = "haproxy\tinstall ok installed\ncurl\tdeinstall ok config-files\n"
    assert slipway_packages.missing(Module((1, listed, "no packages found"), "haproxy", "curl", "runc")) == [
        "curl",
        "runc",
    ]


def test_nothing_is_asked_of_a_person() -> None:
    module = Module((0, "", ""))
    slipway_packages.apt(module, "install", "haproxy")
    assert "--assume-yes" in module.asked[0]
    assert "Dpkg::Options::=--force-confold" in module.asked[0]


def test_a_mirror_that_hangs_is_given_up() -> None:
    module = Module((0, "", ""))
    slipway_packages.apt(module, "update")
    assert {"Acquire::http::Timeout=20", "Acquire::https::Timeout=20", "Acquire::Retries=1"} <= set(module.asked[0])


def test_what_a_killed_run_began_to_install_is_finished_first() -> None:
    module = Module((0, "", ""))
    slipway_packages.finish(module)
    assert module.asked[0][0] == "dpkg"
    assert module.asked[0][-2:] == ["--configure", "--pending"]
    with pytest.raises(SystemExit, match="dpkg --configure: exit code 1: no"):
        slipway_packages.finish(Module((1, "", "no\n")))


def test_a_failure_is_told_by_its_end() -> None:
    output = "Get:1 ...\nE: Unable to locate package x\n"
    with pytest.raises(SystemExit, match=r"apt-get install: exit code 100: .*E: Unable to locate package x"):
        slipway_packages.apt(Module((100, output, "")), "install", "x")


def test_only_what_is_not_as_wanted_is_touched() -> None:
    names = ["haproxy", "curl"]
    assert slipway_packages.commands(names, [], "present") == []
    assert slipway_packages.commands(names, ["curl"], "present")[-1] == ("install", "--no-install-recommends", "curl")
    assert slipway_packages.commands(names, ["curl"], "absent") == [("purge", "haproxy")]
    assert slipway_packages.commands(names, names, "absent") == []
