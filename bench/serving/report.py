"""Turns rounds, memory and starts into figures of the first server, compared with each of the others."""

from collections.abc import Iterator, Mapping, Sequence

from bench import figures
from bench.figures import Figure
from bench.process_tree import Memory
from bench.serving.disturbance import TOLERATED
from bench.serving.rounds import Disturbed, Round

Rounds = Sequence[Mapping[str, Disturbed]]

# For each field of a sample: the name of its figure, without the size, and the unit.
MEASURES = {
    "requests_per_second": ("requests_per_second", "requests/s"),
    "rows_per_second": ("rows_per_second", "rows/s"),
    "p50_ms": ("p50", "ms"),
    "p99_ms": ("p99", "ms"),
    "cpu_us_per_request": ("cpu_per_request", "us"),
}

# With fewer undisturbed rounds than these, all rounds together say more.
ENOUGH = 3


def load(rows: int, rounds: Sequence[Round], servers: Sequence[str]) -> Iterator[Figure]:
    """Yield every figure at one size, and the largest CPU share of other processes in the rounds that count."""
    size = f"{rows}_row{'s' if rows > 1 else ''}"
    yield from measured(size, MEASURES, rounds, servers)
    yield others(size, rounds, servers)


def measured(
    suffix: str, measures: Mapping[str, tuple[str, str]], rounds: Rounds, servers: Sequence[str]
) -> Iterator[Figure]:
    """Every measure of the first server against each of the others, each pair over the rounds that count for it."""
    for pair in _pairs(servers):
        counted = undisturbed(rounds, pair)
        for field, (name, unit) in measures.items():
            seen = {server: [getattr(one[server], field) for one in counted] for server in pair}
            yield figures.summarize(f"{name}_{suffix}", unit, seen, *pair)


def others(suffix: str, rounds: Rounds, servers: Sequence[str]) -> Figure:
    """The largest share of the machine that others took in a round that counts."""
    shares = [one[server].others for pair in _pairs(servers) for one in undisturbed(rounds, pair) for server in pair]
    return Figure(f"others_cpu_{suffix}", max(shares), "share", "machine")


def undisturbed(rounds: Rounds, servers: Sequence[str]) -> Rounds:
    """Return the rounds without a disturbance of these servers, or all rounds if those are too few."""
    quiet = [one for one in rounds if all(one[server].others <= TOLERATED for server in servers)]
    return quiet if len(quiet) >= ENOUGH else rounds


def memory(workers: Mapping[str, Memory], whole: Mapping[str, Memory], servers: Sequence[str]) -> Iterator[Figure]:
    """Yield PSS and RSS, summed over the workers and over all processes."""
    for where, found in (("workers", workers), ("all", whole)):
        for kind in ("pss", "rss"):
            seen = {server: [getattr(found[server], kind)] for server in servers}
            yield from _against(f"memory_{where}_{kind}", "MB", seen, servers)


def cold_start(seconds: Mapping[str, Sequence[float]], servers: Sequence[str]) -> Iterator[Figure]:
    yield from _against("cold_start", "s", seconds, servers)


def _against(name: str, unit: str, seen: Mapping[str, Sequence[float]], servers: Sequence[str]) -> Iterator[Figure]:
    for pair in _pairs(servers):
        yield figures.summarize(name, unit, seen, *pair)


def _pairs(servers: Sequence[str]) -> Sequence[tuple[str, ...]]:
    """The first server with each of the others; it alone where there are none, since it still has its figures."""
    first, *peers = servers
    return [(first, peer) for peer in peers] or [(first,)]
