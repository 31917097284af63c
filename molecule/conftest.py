"""What all roles' tests use. A test that fails shows the journal of the units that its module names in UNITS."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import machine
import play
import pytest
from testinfra.host import Host

CA = "/var/lib/slipway/gateway/ca.crt"
LINES = 30


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Add the journal to what is shown of a failure."""
    report = yield
    if report.failed and isinstance(item, pytest.Function) and "host" in item.funcargs:
        for unit in getattr(item.module, "UNITS", ()):
            journal = item.funcargs["host"].run("journalctl --no-pager --lines=%s --unit=%s", str(LINES), unit)
            report.sections.append((f"journal of {unit}", journal.stdout or journal.stderr))
    return report


class Gateway:
    """Asks the machine's gateway, as a client on the machine that trusts its authority."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def ask(self, path: str, *options: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers by lower-case name, and body."""
        words = " ".join(f"'{word}'" for word in options)
        done = self.host.run(f"curl -sS --max-time 20 -i --cacert {CA} {words} 'https://localhost{path}'")
        assert done.rc == 0, done.stderr
        *_, head, body = done.stdout.replace("\r\n", "\n").rsplit("\n\n", 1)
        lines = head.strip().split("\n\n")[-1].splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body


@pytest.fixture
def gateway(host: Host) -> Gateway:
    return Gateway(host)


@pytest.fixture
def converge() -> Callable[..., tuple[int, str]]:
    """Converge again, with some of what the playbook is told replaced; return Ansible's exit code and what it said."""
    return play.play


@pytest.fixture
def reboot() -> Callable[[], None]:
    """Have the machine shut down, and boot again."""
    name = os.environ["SLIPWAY_MACHINE"]

    def again() -> None:
        machine.docker("restart", "--time=60", name)
        machine.await_boot(name)

    return again
