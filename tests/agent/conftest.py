"""A remote and a host that follows it."""

from pathlib import Path

import pytest

from tests.agent.machines import Machine
from tests.agent.remotes import Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "origin")


@pytest.fixture
def machine(tmp_path: Path, remote: Remote) -> Machine:
    """A host with a stand-in for ansible-pull."""
    machine = Machine(tmp_path / "host", remote.url)
    machine.fake_ansible_pull()
    return machine
