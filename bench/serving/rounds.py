"""Rounds: every server in turn under the same load."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import process_tree
from bench.serving import wrk
from bench.serving.bodies import CONNECTIONS, Size
from bench.serving.disturbance import TOLERATED, Patience, Watch
from bench.serving.server import Server


@dataclass(frozen=True)
class Sample:
    """One server's timed run at one size; `others` is the share of all cores that others used meanwhile."""

    requests_per_second: float
    rows_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_request: float
    others: float


Round = Mapping[str, Sample]


def run(
    servers: Sequence[Server], size: Size, bodies: Mapping[str, Path], seconds: int, first: int, patience: Patience
) -> Round:
    """One sample of every server; `first` says whose turn comes first, so that none always follows the same one."""
    turns = [servers[(first + turn) % len(servers)] for turn in range(len(servers))]
    return {
        server.name: calm(partial(timed, server, size, bodies[server.name], seconds), seconds, patience)
        for server in turns
    }


def calm(take: Callable[[], Sample], seconds: float, patience: Patience) -> Sample:
    """Takes a sample, again while others disturb it and patience lasts; the least disturbed one counts."""
    taken = [take()]
    while taken[-1].others > TOLERATED and patience.spend(seconds):
        taken.append(take())
    return min(taken, key=lambda sample: sample.others)


def timed(server: Server, size: Size, bodies: Path, seconds: int) -> Sample:
    watch, before = Watch(), process_tree.cpu_seconds(server.pid)
    load = wrk.run(server.url, bodies, CONNECTIONS, seconds)
    used = process_tree.cpu_seconds(server.pid) - before
    rate = load.requests_per_second
    cpu = used / load.requests * 1e6
    return Sample(rate, rate * size.rows, load.p50_ms, load.p99_ms, cpu, watch.others(used))
