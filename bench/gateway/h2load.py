"""One timed run of h2load against one target."""

import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.gateway.targets import Target
from bench.serving.bodies import CONNECTIONS
from bench.serving.wrk import HANG_SECONDS, Load, LoadError


@dataclass(frozen=True)
class Mode:
    """A version of HTTP, on connections that are kept or on a new one for each request."""

    name: str
    http2: bool
    kept: bool


MODES = (
    Mode("http1_kept", http2=False, kept=True),
    Mode("http1_new", http2=False, kept=False),
    Mode("http2_kept", http2=True, kept=True),
    Mode("http2_new", http2=True, kept=False),
)
FINISHED = re.compile(r"^finished in ([0-9.]+)(us|ms|s|m|h), ", re.MULTILINE)
REQUESTS = re.compile(r"^requests: .*?(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", re.M)
STATUS = re.compile(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", re.MULTILINE)
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Part:
    """What one process of h2load saw; the times are those of each request, without opening its connection."""

    requests: int
    seconds: float
    times_ms: Sequence[float]


def require() -> str:
    """Return the path of h2load; LoadError with what to install where it is missing."""
    path = shutil.which("h2load")
    if path is None:
        raise LoadError("h2load is not on the PATH: apt-get install nghttp2-client")
    return path


def run(target: Target, mode: Mode, body: Path, seconds: int, log: Path) -> Load:
    """Post the file again and again over fresh connections; LoadError if a single request fails."""
    parts = list(_parts(target, mode, body, seconds, log))
    times = [time for part in parts for time in part.times_ms]
    return Load(sum(p.requests for p in parts), sum(p.seconds for p in parts), *percentiles(times))


def _parts(target: Target, mode: Mode, body: Path, seconds: int, log: Path) -> Iterator[Part]:
    """One process for the time; where connections are new, as many requests in one process after the other.

    h2load cannot end by time where the server ends each connection. With HTTP/2 it keeps a connection in any case, so
    that a process makes only as many requests as connections.
    """
    if mode.kept:
        yield _once(target, mode, body, f"-D{seconds}", log)
        return
    left, count = float(seconds), CONNECTIONS
    while left > 0:
        part = _once(target, mode, body, f"-n{count}", log)
        yield part
        left -= part.seconds
        count = CONNECTIONS if mode.http2 else max(CONNECTIONS, int(part.requests / part.seconds * left))


def _once(target: Target, mode: Mode, body: Path, amount: str, log: Path) -> Part:
    log.unlink(missing_ok=True)  # h2load appends
    command = [require(), *options(target, mode), amount, "-d", str(body), f"--log-file={log}", target.url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)  # noqa: S603  # our own command, no shell
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"h2load {target.name}: not ended after {HANG_SECONDS} s: {' '.join(command)}") from error
    if done.returncode:
        raise LoadError(f"h2load {target.name}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")
    return Part(*parse(target.name, done.stdout), times(log.read_text()))


def options(target: Target, mode: Mode) -> list[str]:
    """The options of h2load that make this mode."""
    # One thread: h2load shares the cores with the servers, and one is enough to keep them busy.
    chosen = ["-t1", f"-c{CONNECTIONS}", "-H", "content-type: application/json"]
    chosen += [] if mode.http2 else ["--h1"]
    chosen += [] if mode.http2 or mode.kept else ["-H", "connection: close"]
    return chosen + target.options


def parse(name: str, output: str) -> tuple[int, float]:
    """Return the answered requests and the seconds; LoadError where one failed, or none was answered."""
    finished, requests, status = FINISHED.search(output), REQUESTS.search(output), STATUS.search(output)
    if not (finished and requests and status):
        raise LoadError(f"h2load {name}: it ended with {output.strip()[-200:]!r}, wanted its summary")
    answered, *others = map(int, status.groups())
    # `failed` and `errored` are read there too: a connection that breaks has no status.
    bad = {
        "3xx": others[0],
        "4xx": others[1],
        "5xx": others[2],
        "failed": int(requests[3]),
        "timeout": int(requests[5]),
    }
    if any(bad.values()):
        raise LoadError(f"{name}: requests failed during a timed run: {bad}, wanted none of {requests[1]}")
    if not answered:
        raise LoadError(f"{name}: no request was answered during a timed run")
    return answered, float(finished[1]) * SECONDS[finished[2]]


def times(log: str) -> list[float]:
    """Return the milliseconds of each request of a log; its columns are the start, the status and microseconds."""
    return [int(line.split("\t")[2]) / 1e3 for line in log.splitlines()]


def percentiles(times_ms: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    if len(times_ms) < 2:
        raise LoadError(f"{len(times_ms)} requests in the log of a timed run, wanted two or more")
    hundredths = statistics.quantiles(times_ms, n=100, method="inclusive")
    return hundredths[49], hundredths[98]
