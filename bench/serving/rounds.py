"""Rounds: all servers in turn, under the same load."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from bench import process_tree
from bench.serving import wrk
from bench.serving.bodies import CONNECTIONS, Size
from bench.serving.disturbance import TOLERATED, RetryBudget, Watch
from bench.serving.server import Server


class Disturbed(Protocol):
    """What is timed knows how much others disturbed it."""

    @property
    def others(self) -> float:
        """The share of all cores that others used meanwhile."""


Timed = TypeVar("Timed", bound=Disturbed)


@dataclass(frozen=True)
class Sample:
    """A timed run of one server at one size. `others` is the CPU share of other processes meanwhile."""

    requests_per_second: float
    rows_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_request: float
    others: float


Round = Mapping[str, Sample]


def run(
    servers: Sequence[Server], size: Size, bodies: Mapping[str, Path], seconds: int, first: int, budget: RetryBudget
) -> Round:
    """One sample of every server."""
    takes = {server.name: partial(timed, server, size, bodies[server.name], seconds) for server in servers}
    return interleaved(takes, seconds, first, budget)


def interleaved(
    takes: Mapping[str, Callable[[], Timed]], seconds: float, first: int, budget: RetryBudget
) -> Mapping[str, Timed]:
    """One sample of each; `first` says whose turn comes first, so that none always follows the same one."""
    names = list(takes)
    turns = [names[(first + turn) % len(names)] for turn in range(len(names))]
    return {name: least_disturbed(takes[name], seconds, budget) for name in turns}


def least_disturbed(take: Callable[[], Timed], seconds: float, budget: RetryBudget) -> Timed:
    """Take samples until one is undisturbed or the budget is used up, and return the least disturbed."""
    taken = [take()]
    while taken[-1].others > TOLERATED and budget.spend(seconds):
        taken.append(take())
    return min(taken, key=lambda sample: sample.others)


def timed(server: Server, size: Size, bodies: Path, seconds: int) -> Sample:
    watch, before = Watch(), process_tree.cpu_seconds(server.pid)
    load = wrk.run(server.url, bodies, CONNECTIONS, seconds)
    used = process_tree.cpu_seconds(server.pid) - before
    rate = load.requests_per_second
    cpu = used / load.requests * 1e6
    return Sample(rate, rate * size.rows, load.p50_ms, load.p99_ms, cpu, watch.others(used))
