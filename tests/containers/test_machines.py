"""containers/machines.py, without an engine; the rehearsal and Molecule boot real machines."""

from pathlib import Path

import pytest

from containers import machines
from tests.containers.conftest import FakeDocker
from workstation.errors import CommandError


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_docker: FakeDocker) -> Path:
    """An engine whose machines boot at once; each call of docker is a line of this file."""
    path = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(path))
    fake_docker('echo "$@" >>"$CALLS"; if [ "$1" = exec ]; then echo degraded; exit 1; fi')
    return path


def test_a_machine_has_a_volume_and_a_label_and_boots(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHINE_LABEL", "slipway.tests=1")
    machines.start("host", "--publish", "127.0.0.1:1:443", image="slipway-host:1")
    volume, run, boot = calls.read_text().splitlines()
    assert volume == "volume create --label slipway.tests=1 host-docker"
    assert run.startswith("run --detach --name host --hostname host --label slipway.tests=1 ")
    assert run.endswith(" --publish 127.0.0.1:1:443 slipway-host:1")
    assert "--privileged" not in run
    assert boot == "exec host systemctl is-system-running"


def test_a_machine_is_removed_with_its_volume(calls: Path) -> None:
    machines.remove("host")
    assert calls.read_text().splitlines() == ["rm --force --volumes host", "volume rm --force host-docker"]


def test_a_machine_that_does_not_boot_is_an_error_with_systemds_state(
    fake_docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "BOOTS_WITHIN_SECONDS", -1)
    fake_docker("echo starting; exit 1")
    with pytest.raises(CommandError, match="host did not boot within -1 s, systemd's state is 'starting'"):
        machines.await_boot("host")


def test_an_unknown_command_is_an_error() -> None:
    with pytest.raises(CommandError, match="unknown command 'boot': wanted start or remove"):
        machines.main("boot", "host")
