"""Runs wrk against a URL for a fixed time."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("rotate.lua")
# Far longer than any answer takes: this only ends a hang.
HANG_SECONDS = 60
ERRORS = ("connect", "read", "write", "status", "timeout")


class LoadError(RuntimeError):
    """wrk failed, or one of its requests did, so the run does not count."""


@dataclass(frozen=True)
class Load:
    """The result of a run of wrk."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def require() -> str:
    """Return the path of wrk. Raises LoadError with the command to install it."""
    path = shutil.which("wrk")
    if path is None:
        raise LoadError("wrk is not on the PATH: apt-get install wrk")
    return path


def run(url: str, bodies: Path, connections: int, seconds: int) -> Load:
    """POST the bodies of a file (one per line) in rotation. Raises LoadError if a request fails."""
    # wrk shares the cores with the servers, and one thread is enough to keep them busy.
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={HANG_SECONDS}s", "-s", str(SCRIPT)]
    done = subprocess.run(  # noqa: S603  # our own command, no shell
        [require(), *options, url, "--", str(bodies)], capture_output=True, text=True, timeout=seconds + HANG_SECONDS
    )
    if done.returncode:
        raise LoadError(f"wrk {url}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Parse the last line, which rotate.lua writes. Raises LoadError if it is missing or has errors or no request."""
    last = output.strip().rpartition("\n")[2]
    try:
        found = json.loads(last)
    except ValueError as error:
        raise LoadError(f"wrk ended with {last[:200]!r}, wanted one line of JSON from {SCRIPT.name}") from error
    failed = {kind: found[kind] for kind in ERRORS if found[kind]}
    if failed:
        raise LoadError(f"requests failed during a timed run: {failed}, wanted none of {found['requests']}")
    if not found["requests"]:
        raise LoadError("no request was answered during a timed run")
    return Load(found["requests"], found["seconds"], found["p50_ms"], found["p99_ms"])
