"""Docker Engine for whoever needs it: the one that runs, else on Debian as root one that is started for the while."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from common import ROOT, cache, say

STARTS_WITHIN_SECONDS = 60


def answers() -> bool:
    """Whether an engine answers to this user."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


def install() -> None:
    """Install Docker Engine from Debian, or say that it is needed."""
    if os.geteuid() != 0:
        raise SystemExit(
            "slipway: no Docker Engine answers here: install it and start it, or run this as root on Debian"
        )
    # Debian 13 has the client in a package of its own; on 12 it comes with the engine.
    for need in ("dockerd:docker.io", "docker:docker-cli"):
        subprocess.run([ROOT / "tools" / "need.sh", need], check=True)


@contextmanager
def engine() -> Iterator[None]:
    """Have an engine that answers; one that was started here is stopped at the end."""
    if answers():
        yield
        return
    install()
    if os.path.isdir("/run/systemd/system"):
        subprocess.run(["systemctl", "start", "docker"], check=True)
        yield
        return
    log = cache() / "dockerd.log"
    say(f"starting Docker Engine (its log: {log}) ...")
    # Its own session: a Ctrl-C at the terminal is for the caller, who still needs the engine to clean up.
    with (
        log.open("wb") as file,
        subprocess.Popen(
            ["dockerd"],
            stdout=file,
            stderr=file,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait(process)
            yield
        finally:
            process.terminate()
            process.wait()


def wait(process: subprocess.Popen[bytes]) -> None:
    """Return when the engine answers; raise SystemExit where it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("slipway: Docker Engine did not start; its log says why")
        time.sleep(0.1)
