"""Machines: containers that systemd boots, as a cloud instance. The rehearsal imports this, Molecule runs it:

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
# Degraded: some unit failed, which is normal in a container, since it cannot load kernel modules.
BOOTED = ("running", "degraded")
# What systemd and the inner Docker Engine need besides the default. Not --privileged or "all": some computers do not
# have every capability.
CAPABILITIES = (
    *("AUDIT_CONTROL", "DAC_READ_SEARCH", "IPC_LOCK", "LINUX_IMMUTABLE", "NET_ADMIN", "SYS_ADMIN", "SYS_BOOT"),
    *("SYS_NICE", "SYS_PTRACE", "SYSLOG"),
)
RIGHTS = (
    *(f"--cap-add={name}" for name in CAPABILITIES),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    # Without it the inner Docker Engine fails with "failed to disable IPv6".
    *("--security-opt", "systempaths=unconfined"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock"),
)


def cgroup_options() -> list[str]:
    """Return the options of `docker run` that give a machine its own cgroup tree, which its image mounts."""
    if (CGROUPS / "cgroup.procs").exists():
        return ["--cgroupns", "private"]
    # Cgroup versions 1 and 2 side by side: in the default parent, systemd would enable controllers of version 2 above
    # its own processes, and each `docker exec` would fail with "device or resource busy". A new parent has none.
    return ["--cgroupns", "private", "--cgroup-parent", "/slipway"]


def volume(name: str) -> str:
    """Return the volume for the inner Docker Engine: an overlay file system cannot lie on another one."""
    return f"{name}-docker"


def start(name: str, *options: str, image: str = IMAGE) -> None:
    """Boot a machine and return when it is up; raises CommandError if it is not. `options` are for `docker run`."""
    own = ["--volume", f"{volume(name)}:/var/lib/docker", *cgroup_options()]
    docker("volume", "create", "--label", label(), volume(name))
    docker(
        *("run", "--detach", "--name", name, "--hostname", name, "--label", label()),
        *(*RIGHTS, *own, *options, image),
    )
    await_boot(name)


def await_boot(name: str) -> None:
    """Return when systemd has finished booting; raises CommandError if that takes too long."""
    deadline = time.monotonic() + BOOTS_WITHIN_SECONDS
    command = ["docker", "exec", name, "systemctl", "is-system-running"]
    while (state := subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()) not in BOOTED:
        if time.monotonic() > deadline:
            raise CommandError(f"{name} did not boot within {BOOTS_WITHIN_SECONDS} s, systemd's state is {state!r}")
        time.sleep(0.1)


def remove(name: str) -> None:
    """Remove a machine and its volume; a machine that does not exist is no error."""
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
        raise CommandError(f"unknown command {command!r}: wanted start or remove")


if __name__ == "__main__":
    terminal.run(main)
