"""A container that systemd has booted, as an instance of a cloud: for the rehearsal, and for Molecule as a command.

python -m containers.machines start NAME [option of docker run ...]
python -m containers.machines remove NAME
"""

import subprocess
import time
from pathlib import Path

from containers.docker import docker
from containers.labels import label
from workstation import terminal
from workstation.errors import CommandError
from workstation.paths import identity

IMAGE = f"slipway-host:{identity()}"
CGROUPS = Path("/sys/fs/cgroup")
BOOTS_WITHIN_SECONDS = 120
# Degraded is up, but for a unit: a container has kernel modules that it cannot load.
BOOTED = ("running", "degraded")
# What systemd, and Docker Engine inside, need beside the usual ones. --privileged, and "all", ask for more than some
# machines have.
CAPABILITIES = (
    *("AUDIT_CONTROL", "DAC_READ_SEARCH", "IPC_LOCK", "LINUX_IMMUTABLE", "NET_ADMIN", "SYS_ADMIN", "SYS_BOOT"),
    *("SYS_NICE", "SYS_PTRACE", "SYSLOG"),
)
RIGHTS = (
    *(f"--cap-add={name}" for name in CAPABILITIES),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    # Without it the inner Docker Engine stops at "failed to disable IPv6".
    *("--security-opt", "systempaths=unconfined"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock"),
)


def cgroup_options() -> list[str]:
    """Return the options of `docker run` that give a machine a tree of its own; its image mounts it."""
    if (CGROUPS / "cgroup.procs").exists():
        return ["--cgroupns", "private"]
    # Beside version 1: whatever controller version 2 has here, systemd would switch on above its own processes, and
    # from then on each `docker exec` ends with "device or resource busy". A new parent hands none on.
    return ["--cgroupns", "private", "--cgroup-parent", "/slipway"]


def volume(name: str) -> str:
    """The volume with the machine's own images and containers: an overlay cannot lie on an overlay."""
    return f"{name}-docker"


def start(name: str, *options: str, image: str = IMAGE) -> None:
    """Boot a machine and return when it is up; raises CommandError where it is not. `options` are for `docker run`."""
    own = ["--volume", f"{volume(name)}:/var/lib/docker", *cgroup_options()]
    docker("volume", "create", "--label", label(), volume(name))
    docker(
        *("run", "--detach", "--name", name, "--hostname", name, "--label", label()),
        *(*RIGHTS, *own, *options, image),
    )
    await_boot(name)


def await_boot(name: str) -> None:
    """Return when systemd has started all that it is going to start; raises CommandError where that takes too long."""
    deadline = time.monotonic() + BOOTS_WITHIN_SECONDS
    asks = ["docker", "exec", name, "systemctl", "is-system-running"]
    while (said := subprocess.run(asks, check=False, capture_output=True, text=True).stdout.strip()) not in BOOTED:
        if time.monotonic() > deadline:
            raise CommandError(f"{name} did not boot within {BOOTS_WITHIN_SECONDS} s, systemd says {said!r}")
        time.sleep(0.1)


def remove(name: str) -> None:
    """Remove a machine with all that it holds; one that is not there is no error."""
    docker("rm", "--force", "--volumes", name)
    docker("volume", "rm", "--force", volume(name))


def main(command: str, name: str, *options: str) -> None:
    """Run one of the commands."""
    if command == "start":
        start(name, *options)
        terminal.log(f"{name} has booted")
    elif command == "remove":
        remove(name)
    else:
        raise CommandError(f"{command!r} is no command: wanted start or remove")


if __name__ == "__main__":
    terminal.run(main)
