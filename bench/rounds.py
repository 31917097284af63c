"""Rounds: every server in turn under the same load, with how much of the machine others took meanwhile."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import proctree, wrk
from bench.bodies import Size
from bench.server import Server

# Of all cores. Above it a round is run again, as long as the budget of extra rounds lasts.
DISTURBED = 0.05


@dataclass(frozen=True)
class Sample:
    """One server's timed run at one size."""

    requests_per_second: float
    rows_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_request: float


@dataclass(frozen=True)
class Round:
    """A sample of every server, taken one after the other, and the largest share of CPU that was not theirs."""

    samples: dict[str, Sample]
    disturbance: float


def run(servers: Sequence[Server], size: Size, bodies: dict[str, Path], seconds: int, start: int) -> Round:
    """One round; `start` says whose turn is first, so that none always follows the same one."""
    samples, disturbance = {}, 0.0
    turns = [servers[(start + turn) % len(servers)] for turn in range(len(servers))]
    for server in turns:
        sample, others = timed(server, size, bodies[server.name], seconds)
        samples[server.name] = sample
        disturbance = max(disturbance, others)
    return Round(samples, disturbance)


def timed(server: Server, size: Size, bodies: Path, seconds: int) -> tuple[Sample, float]:
    """One server's sample, and the share of all cores that neither it nor wrk used."""
    started, machine, own = time.perf_counter(), proctree.machine_cpu_seconds(), proctree.cpu_seconds(server.pid)
    load = wrk.run(server.url, bodies, size.connections, seconds)
    own = proctree.cpu_seconds(server.pid) - own
    machine = proctree.machine_cpu_seconds() - machine
    capacity = (time.perf_counter() - started) * (os.cpu_count() or 1)
    others = max(0.0, machine - own - load.cpu_seconds) / capacity
    rate = load.requests_per_second
    sample = Sample(rate, rate * size.rows, load.p50_ms, load.p99_ms, own / load.requests * 1e6)
    return sample, others


def quietest(rounds: Sequence[Round], wanted: int) -> list[Round]:
    """The rounds that others disturbed least, in the order in which they ran."""
    chosen = sorted(rounds, key=lambda one: one.disturbance)[:wanted]
    return [one for one in rounds if one in chosen]


def enough(rounds: Sequence[Round], wanted: int, extra: int) -> bool:
    """Whether the wanted number ran undisturbed, or the extra ones are used up."""
    return sum(one.disturbance <= DISTURBED for one in rounds) >= wanted or len(rounds) >= wanted + extra
