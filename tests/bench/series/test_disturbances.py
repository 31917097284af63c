"""A disturbance that did not happen is an error. tests/rehearsal/test_own_answers.py makes real ones."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bench.series import disturbances
from bench.series.disturbances import reload, renew
from workstation.errors import CommandError

Host = Callable[..., Any]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A function that makes a host whose gateway has these processes and certificates, one after the other."""

    def make(workers: list[str], certificates: list[str]) -> Any:
        processes: Iterator[str] = iter(workers)
        shown: Iterator[str] = iter(certificates)
        monkeypatch.setattr(disturbances, "_certificate", lambda _: next(shown))
        return SimpleNamespace(
            host=SimpleNamespace(run=lambda *command: next(processes) if command[0] == "pgrep" else "")
        )

    return make


def test_a_reload_brings_a_new_process(host: Host) -> None:
    reload(host(["1\n2\n", "1\n2\n3\n"], []))
    with pytest.raises(CommandError, match="no new process"):
        reload(host(["1\n2\n", "1\n2\n"], []))


def test_a_renewal_brings_a_new_certificate(host: Host) -> None:
    renew(host(["1\n2\n", "1\n2\n"], ["old", "new"]))
    with pytest.raises(CommandError, match="serves the old one"):
        renew(host(["1\n2\n", "1\n2\n"], ["old", "old"]))


def test_a_renewal_reloads_nothing(host: Host) -> None:
    with pytest.raises(CommandError, match="was reloaded"):
        renew(host(["1\n2\n", "1\n3\n"], ["old", "new"]))
