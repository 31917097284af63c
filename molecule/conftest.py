"""Fixtures of all scenarios. A failed test shows the journal of the units that its module names in UNITS."""

import os
from collections.abc import Callable, Generator

import pytest
from testinfra.host import Host

from containers import machines
from containers.docker import docker
from containers.scenarios import playbook
from containers.scenarios.gateway import Gateway

LINES = 30


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the journal to the report of a failed test."""
    report = yield
    if report.failed and isinstance(item, pytest.Function) and "host" in item.funcargs:
        for unit in getattr(item.module, "UNITS", ()):
            host: Host = item.funcargs["host"]
            journal = host.run("journalctl --no-pager --lines=%s --unit=%s", str(LINES), unit)
            report.sections.append((f"journal of {unit}", journal.stdout or journal.stderr))
    return report


@pytest.fixture
def gateway(host: Host) -> Gateway:
    return Gateway(host)


@pytest.fixture
def converge() -> Callable[..., tuple[int, str]]:
    """Converge again, with other variables; return Ansible's exit code and output."""
    return playbook.run


@pytest.fixture
def reboot() -> Callable[[], None]:
    """Reboot the machine."""
    name = os.environ["SLIPWAY_MACHINE"]

    def again() -> None:
        docker("restart", "--time=60", name)
        machines.await_boot(name)

    return again
