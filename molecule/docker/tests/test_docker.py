"""The role `docker`: the engine runs, limits its logs, and can restart without stopping containers."""

import json
from typing import Any

from testinfra.host import Host

UNITS = ("docker", "containerd")
# An image from the machine's own files, since it has no registry to pull from.
IMAGE = "slipway-test"
FILES = "/bin/sleep /lib/x86_64-linux-gnu/libc.so.6 /lib64/ld-linux-x86-64.so.2"
MADE = f"tar --create --dereference {FILES} | docker import - {IMAGE}"


def inspect(host: Host, what: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.check_output(f"docker {what} inspect {name}"))[0]
    return found


def test_it_runs_now_and_after_a_boot(host: Host) -> None:
    assert host.service("docker").is_running
    assert host.service("docker").is_enabled


def test_containers_go_on_while_it_is_restarted(host: Host) -> None:
    host.check_output(MADE)
    host.check_output(f"docker run --detach --name going {IMAGE} /bin/sleep 600")
    before = inspect(host, "container", "going")["State"]
    host.check_output("systemctl restart docker")
    after = inspect(host, "container", "going")["State"]
    assert (after["Running"], after["Pid"]) == (True, before["Pid"])
    host.check_output("docker rm --force going")


def test_a_container_that_talks_does_not_fill_the_disk(host: Host) -> None:
    host.check_output(MADE)
    host.check_output(f"docker create --name talking {IMAGE} /bin/sleep 1")
    log = inspect(host, "container", "talking")["HostConfig"]["LogConfig"]
    host.check_output("docker rm --force talking")
    assert log["Type"] == "local"
    assert set(log["Config"]) == {"max-size", "max-file"}


def test_nobody_reaches_it_from_outside(host: Host) -> None:
    assert not [line for line in host.check_output("ss -Hltnp").splitlines() if "dockerd" in line]
    assert host.file("/run/docker.sock").mode == 0o660


def test_its_settings_are_valid(host: Host) -> None:
    host.check_output("dockerd --validate --config-file=/etc/docker/daemon.json")
