"""Docker Engine for whoever needs it: the one that runs, else on Debian as root one that is started and ended again."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from containers.docker import docker, succeeds
from workstation import processes
from workstation.errors import CommandError
from workstation.locks import held
from workstation.paths import ROOT, cache
from workstation.terminal import log

STARTS_WITHIN_SECONDS = 60
ENDS_WITHIN_SECONDS = 30
SYSTEMD = Path("/run/systemd/system")
# In the cache: every command that needs the engine for a while holds a shared lock on it.
NEEDED = "dockerd.needed"


def answers() -> bool:
    """Whether an engine answers to this user."""
    if not shutil.which("docker"):
        return False
    return succeeds("info")


def install() -> None:
    """Install Docker Engine from Debian, or say that it is needed."""
    if os.geteuid() != 0:
        raise CommandError(
            "no Docker Engine answers to this user. Run: sudo apt-get install docker.io docker-cli, then sudo"
            " usermod --append --groups docker $USER and log in again; or run this as root on Debian"
        )
    # Debian 13 has the client in a package of its own; on 12 it comes with the engine.
    for need in ("dockerd:docker.io", "docker:docker-cli"):
        subprocess.run([ROOT / "tools" / "need.sh", need], check=True)


@contextmanager
def engine() -> Iterator[None]:
    """Have an engine that answers; one that was started here is ended afterwards, unless others use it by then."""
    started = 0
    try:
        with needed():
            started = ensure()
            yield
    finally:
        if started and not end_unless_used(started):
            log("Docker Engine stays: others use it by now")


@contextmanager
def needed() -> Iterator[None]:
    """Keep the other commands of this user from ending the engine."""
    with (cache() / NEEDED).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_needed() -> bool:
    """Whether another command has said so."""
    with (cache() / NEEDED).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def ensure() -> int:
    """Have an engine that answers; return its process id where this started it, 0 where nobody has to end it."""
    with held(cache() / "dockerd"):
        if answers():
            return 0
        install()
        if SYSTEMD.is_dir():
            subprocess.run(["systemctl", "start", "docker"], check=True)
            return 0
        return launch()


def launch() -> int:
    """Start an engine that depends on no other process, and return its process id once it answers."""
    output = cache() / "dockerd.log"
    log(f"starting Docker Engine (its log: {output}) ...")
    # By a shell that ends at once: as nobody's child the engine outlives this command where others use it by then.
    command = ["sh", "-c", 'dockerd >"$0" 2>&1 & echo $!', str(output)]
    # Its own session: a Ctrl-C at the terminal is for the caller, who still needs the engine to clean up.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, start_new_session=True)
    pid = int(done.stdout)
    wait(pid)
    return pid


def end_unless_used(pid: int) -> bool:
    """End the engine, unless a container runs or another command needs it; return whether."""
    if not is_dockerd(pid) or is_used():
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while is_dockerd(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return True


def is_used() -> bool:
    """Whether a container runs, or another command needs the engine."""
    return bool(docker("ps", "--quiet")) or is_needed()


def is_dockerd(pid: int) -> bool:
    """Whether the process is an engine still, and not another one with its number."""
    return processes.program(pid) == "dockerd"


def wait(pid: int) -> None:
    """Return when the engine answers; raise CommandError where it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not answers():
        if not processes.program(pid) or time.monotonic() > deadline:
            raise CommandError("Docker Engine did not start; its log says why")
        time.sleep(0.1)
