"""Docker Engine: use the one that runs. If none does, start one: as root on Debian, installed first if it is missing.

Without systemd, the engine that was started here is stopped again at the end; with systemd it is a service and stays.
"""

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
# A file in the cache: every command that needs the engine holds a shared lock on it.
NEEDED = "dockerd.needed"
LOG = "dockerd.log"


def answers() -> bool:
    """Whether an engine answers, and lets this user in."""
    if not shutil.which("docker"):
        return False
    return succeeds("info")


def install() -> None:
    """Install Docker Engine from Debian; raises CommandError with the commands to type where only root can."""
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
    """Start an engine if none answers; stop it at the end, unless others use it by then."""
    started = 0
    try:
        with needed():
            started = ensure()
            yield
    finally:
        if started and not end_unless_used(started):
            log("Docker Engine keeps running: something else uses it now")


@contextmanager
def needed() -> Iterator[None]:
    """Keep other commands of this user from stopping the engine."""
    with (cache() / NEEDED).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_needed() -> bool:
    """Whether another command needs the engine."""
    with (cache() / NEEDED).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def ensure() -> int:
    """Start an engine if none answers; return its process id if the caller has to stop it, else 0."""
    with held(cache() / "dockerd"):
        if answers():
            return 0
        install()
        if SYSTEMD.is_dir():
            subprocess.run(["systemctl", "start", "docker"], check=True)
            return 0
        return launch()


def launch() -> int:
    """Start an engine that outlives this process, and return its process id once it answers."""
    output = cache() / LOG
    log(f"starting Docker Engine (its log: {output}) ...")
    # The shell ends at once, so init becomes the engine's parent: it can outlive this command if others use it by then.
    command = ["sh", "-c", 'dockerd >"$0" 2>&1 & echo $!', str(output)]
    # A session of its own: Ctrl-C at the terminal must not end the engine, which the caller needs for its clean-up.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, start_new_session=True)
    pid = int(done.stdout)
    wait(pid)
    return pid


def end_unless_used(pid: int) -> bool:
    """Stop the engine, unless a container runs or another command needs it; return whether it was stopped."""
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
    """Whether the process is an engine, and not another one that got its number."""
    return processes.program(pid) == "dockerd"


def wait(pid: int) -> None:
    """Return when the engine answers; raise CommandError if it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not answers():
        if not processes.program(pid) or time.monotonic() > deadline:
            raise CommandError(f"Docker Engine did not start: see {cache() / LOG}")
        time.sleep(0.1)
