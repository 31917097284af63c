"""The engine that all of it runs in: where none runs, as root on Debian, one that stays until `down`."""

import os
import signal
import subprocess
import time
from pathlib import Path

import engine
from common import cache

from rehearsal.docker import docker
from rehearsal.place import Place
from rehearsal.state import State, keep

ENDS_WITHIN_SECONDS = 30
SYSTEMD = Path("/run/systemd/system")


def on(place: Place, state: State) -> str:
    """Have an engine that answers; return what was done."""
    if engine.answers():
        return "runs"
    engine.install()
    if SYSTEMD.is_dir():
        subprocess.run(["systemctl", "start", "docker"], check=True)
        return "started, by systemd"
    log = cache() / "dockerd.log"
    with log.open("wb") as file:
        # Its own session: it outlives this command and the terminal.
        process = subprocess.Popen(["dockerd"], stdout=file, stderr=file, start_new_session=True)
    state.engine = process.pid
    keep(place, state)
    engine.wait(process)
    return f"started until `make down`, its log is {log}"


def off(state: State) -> bool:
    """End the engine that `up` started, unless others use it; return whether."""
    if not is_dockerd(state.engine) or docker("ps", "--quiet"):
        return False
    os.kill(state.engine, signal.SIGTERM)
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while is_dockerd(state.engine) and time.monotonic() < deadline:
        time.sleep(0.1)
    return True


def is_dockerd(pid: int) -> bool:
    """Whether the process is an engine still, and not another one with its number."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    # One that has ended stays until its parent has asked for it.
    return name == "dockerd" and rest.split()[0] != "Z"
