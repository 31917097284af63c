"""The server's metrics, summed over its worker processes (prometheus_client's multiprocess mode)."""

from __future__ import annotations

import gc
from typing import ClassVar, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

LABELS = ("model", "version")
LATENCY_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
ROWS_BUCKETS = (1, 10, 100, 1_000, 10_000, 100_000)
# The most clients that are counted by name, so that their counters fit into the files of the metrics.
MAX_CLIENTS = 200
OTHER_CLIENTS = "other clients"
# Why a request leaves the fast path; docs/api.md explains each. A closed list: each is a label's value.
FAST_PATH_EXITS = (
    "pipelined",
    "large_body",
    "path_spelling",
    "csv",
    "not_plain",
    "unreadable",
    "invalid",
    "unexpected",
)


class Recorder(NamedTuple):
    """The metrics of one model with their labels bound: looking the labels up costs as much as counting."""

    requests: Counter
    latency: Histogram
    rows: Histogram


class Metrics:
    """The server's metrics in one registry; with a `folder`, the sums over all processes that share it."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self.registry = registry = CollectorRegistry()
        self._requests = Counter("prediction_requests", "Prediction requests answered.", LABELS, registry=registry)
        self.errors = Counter(
            "prediction_errors", "Prediction requests refused or failed.", (*LABELS, "reason"), registry=registry
        )
        self.clients = ClientCounters(registry)
        self._latency = Histogram(
            "prediction_latency_seconds",
            "Time that a successful prediction took.",
            LABELS,
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._rows = Histogram(
            "prediction_rows", "Rows in a successful prediction.", LABELS, buckets=ROWS_BUCKETS, registry=registry
        )
        exits = Counter(
            "prediction_fast_path_exits", "Prediction requests that left the fast path.", ["reason"], registry=registry
        )
        # All exist from the start: a rate over a counter that only appears with its first event would miss that event.
        self.fast_path_exits = {reason: exits.labels(reason) for reason in FAST_PATH_EXITS}
        self.in_flight = Gauge(
            "predictions_in_flight",
            "Prediction requests being received or answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._load = Gauge(
            "model_load_seconds",
            "Time to load a model and check its golden answers, in the slowest worker.",
            LABELS,
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._release = Gauge(
            "slipway_release_info",
            "What this server serves.",
            (*LABELS, "image"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._gc = GarbageCounters(registry)

    def recorder(self, model: str, version: str) -> Recorder:
        labels = (model, version)
        return Recorder(self._requests.labels(*labels), self._latency.labels(*labels), self._rows.labels(*labels))

    def loaded(self, model: str, version: str, image: str, seconds: float) -> None:
        self._load.labels(model, version).set(seconds)
        self._release.labels(model, version, image).set(1)

    def collect_garbage_counts(self) -> None:
        self._gc.update()

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        self._gc.update()
        if self._folder is None:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


class ClientCounters:
    """`prediction_client_requests_total`: the names come from the gateway's list, all beyond MAX_CLIENTS as one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "Prediction requests answered, by the client whose key the gateway accepted."
        self._counter = Counter("prediction_client_requests", text, ["client"], registry=registry)
        self._by_name: dict[str, Counter] = {}

    def count(self, name: str) -> None:
        """Count a request of a client."""
        counter = self._by_name.get(name)
        if counter is None:
            known = name if len(self._by_name) < MAX_CLIENTS else OTHER_CLIENTS
            counter = self._counter.labels(known)
            if known == name:
                self._by_name[name] = counter
        counter.inc()


class GarbageCounters:
    """`python_gc_*`, with the names of prometheus_client's own collector, which only covers one process.

    `update` adds what has happened since the last call. It must not run during a collection, because that may have
    begun while a metric's lock was held.
    """

    KINDS: ClassVar = {
        "collections": ("python_gc_collections", "Number of times this generation was collected."),
        "collected": ("python_gc_objects_collected", "Objects collected during gc."),
        "uncollectable": ("python_gc_objects_uncollectable", "Uncollectable objects found during gc."),
    }

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters = {
            kind: Counter(name, text, ["generation"], registry=registry) for kind, (name, text) in self.KINDS.items()
        }
        self._seen: dict[tuple[str, int], int] = {}

    def update(self) -> None:
        for generation, stats in enumerate(gc.get_stats()):
            for kind, counter in self._counters.items():
                seen = self._seen.get((kind, generation), 0)
                counter.labels(str(generation)).inc(stats[kind] - seen)
                self._seen[kind, generation] = stats[kind]
