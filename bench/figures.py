"""The figures that a benchmark prints, and their limits."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.serving.targets import FASTAPI, OURS


@dataclass(frozen=True)
class Limit:
    """An inclusive bound on a figure's value, or on its ratio to the peer's."""

    bound: float
    on: str
    at_least: bool = False
    peer: str | None = None


@dataclass(frozen=True)
class Figure:
    """A measured value with its extremes, the peer's value if there is a peer, and its limit."""

    figure: str
    value: float
    unit: str
    server: str
    low: float | None = None
    high: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    peer_low: float | None = None
    peer_high: float | None = None
    ratio: float | None = None
    limit: Limit | None = None

    def held(self) -> bool:
        """Return whether the figure is within its limit; without a limit it is."""
        if self.limit is None:
            return True
        measured = self.ratio if self.limit.on == "ratio" else self.value
        if measured is None:
            raise ValueError(f"{self.figure}: the limit is on the ratio, but no peer was measured")
        return measured >= self.limit.bound if self.limit.at_least else measured <= self.limit.bound

    def line(self) -> str:
        """Return one JSON object, with numbers rounded to four significant digits and without empty keys."""
        keys: dict[str, Any] = {name: _short(getattr(self, name)) for name in _NAMES}
        if self.limit is not None:
            keys |= {"limit": self.limit.bound, "limit_on": self.limit.on, "held": self.held()}
            keys |= {"at_least": True} if self.limit.at_least else {}
        return json.dumps({name: value for name, value in keys.items() if value is not None})


_NAMES = ("figure", "value", "unit", "server", "low", "high", "peer", "peer_value", "peer_low", "peer_high", "ratio")

# The limits of all benchmarks.
LIMITS = {
    "requests_per_second_1_row": Limit(4.0, "ratio", at_least=True, peer=FASTAPI),
    "p99_1_row": Limit(0.7, "ratio", peer=FASTAPI),
    "rows_per_second_10000_rows": Limit(3.3, "ratio", at_least=True, peer=FASTAPI),
    "memory_workers_rss": Limit(300.0, "value"),
    "cold_start": Limit(1.0, "value"),
    "poll_cpu": Limit(0.1, "value"),
    "model_release_seconds": Limit(15.0, "value"),
    "image_release_seconds": Limit(60.0, "value"),
    "failed_requests": Limit(0.0, "value"),
    "wrong_answers": Limit(0.0, "value"),
    **{
        f"left_over_{kind}": Limit(0.0, "value")
        for kind in ("containers", "images", "volumes", "bundles", "files", "processes")
    },
    **{f"left_over_open_files_{part}": Limit(0.0, "value") for part in ("gateway", "docker", "containerd")},
    # A tenth is what memory differs by from one minute to the next: allocators and collectors keep what they had.
    **{f"series_memory_{part}": Limit(1.1, "ratio") for part in ("gateway", "api", "docker")},
    "full_run_seconds": Limit(30.0, "value"),
    "up_warm_seconds": Limit(60.0, "value"),
}

# Where one figure is held against several peers: by figure and peer.
GATEWAY_RATE, GATEWAY_P99 = "gateway_requests_per_second_1_row_http1_kept", "gateway_p99_1_row_http1_kept"
PEER_LIMITS: Mapping[tuple[str, str | None], Limit] = {
    (GATEWAY_RATE, "nginx"): Limit(1.0, "ratio", at_least=True, peer="nginx"),
    (GATEWAY_RATE, "direct"): Limit(0.5, "ratio", at_least=True, peer="direct"),
    (GATEWAY_RATE, "caddy"): Limit(4.0, "ratio", at_least=True, peer="caddy"),
    (GATEWAY_P99, "direct"): Limit(3.0, "ratio", peer="direct"),
}


def summarize(
    name: str, unit: str, samples: Mapping[str, Sequence[float]], server: str, peer: str | None = None
) -> Figure:
    """Return the figure of a server's samples, compared with a peer if there is one, with its limit.

    The values are medians. The ratio is the median of the ratios of paired samples, so that a slow minute affects both
    sides. If the two have different numbers of samples (a slow peer is started less often), it is the ratio of the
    medians.
    """
    values = samples[server]
    figure = Figure(name, statistics.median(values), unit, server, min(values), max(values))
    if peer is not None:
        figure = _compare(figure, values, peer, samples[peer])
    limit = PEER_LIMITS.get((name, peer)) or LIMITS.get(name)
    judged = limit is not None and server == OURS and limit.peer in (None, peer)
    return replace(figure, limit=limit) if judged else figure


def _compare(figure: Figure, values: Sequence[float], peer: str, peers: Sequence[float]) -> Figure:
    middle = statistics.median(peers)
    pairs = zip(values, peers, strict=True) if len(values) == len(peers) else [(figure.value, middle)]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return replace(figure, peer=peer, peer_value=middle, peer_low=min(peers), peer_high=max(peers), ratio=ratio)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
