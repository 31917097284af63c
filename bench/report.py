"""From rounds, memory and starts to figures: the first server's, against each of the others."""

from collections.abc import Iterator, Mapping, Sequence

from bench import figures
from bench.figures import Figure
from bench.proctree import Memory
from bench.rounds import Round

# Of a sample's fields: the figure's name, which ends with the size, and its unit.
MEASURES = {
    "requests_per_second": ("requests_per_second", "requests/s"),
    "rows_per_second": ("rows_per_second", "rows/s"),
    "p50_ms": ("p50", "ms"),
    "p99_ms": ("p99", "ms"),
    "cpu_us_per_request": ("cpu_per_request", "us"),
}


def load(rows: int, rounds: Sequence[Round], servers: Sequence[str]) -> Iterator[Figure]:
    """Every measure at one size, and the largest share of the machine that others took during a run that counts."""
    size = f"{rows}_row{'s' if rows > 1 else ''}"
    for field, (name, unit) in MEASURES.items():
        seen = {server: [getattr(one[server], field) for one in rounds] for server in servers}
        yield from _against(f"{name}_{size}", unit, seen, servers)
    others = max(sample.others for one in rounds for sample in one.values())
    yield Figure(f"others_cpu_{size}", others, "share", "machine")


def memory(workers: Mapping[str, Memory], whole: Mapping[str, Memory], servers: Sequence[str]) -> Iterator[Figure]:
    """The sum over the workers, and over all processes, by PSS and by RSS."""
    for where, found in (("workers", workers), ("all", whole)):
        for kind in ("pss", "rss"):
            seen = {server: [getattr(found[server], kind)] for server in servers}
            yield from _against(f"memory_{where}_{kind}", "MB", seen, servers)


def cold_start(seconds: Mapping[str, Sequence[float]], servers: Sequence[str]) -> Iterator[Figure]:
    yield from _against("cold_start", "s", seconds, servers)


def _against(name: str, unit: str, seen: Mapping[str, Sequence[float]], servers: Sequence[str]) -> Iterator[Figure]:
    first, *peers = servers
    against: list[str | None] = [*peers] or [None]
    for peer in against:
        yield figures.of(name, unit, seen, first, peer)
