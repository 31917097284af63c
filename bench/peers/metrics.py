"""The peer's metrics: the same series as Slipway's, with prometheus-client in multiprocess mode."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

LABELS = ("model", "version")
ROWS_BUCKETS = (1, 10, 100, 1_000, 10_000)


class Metrics:
    """Holds the children, because `labels()` on each request costs more than counting."""

    def __init__(self, registry: CollectorRegistry, model: str, version: str) -> None:
        def child(kind, name: str, text: str, **options):  # type: ignore[no-untyped-def]  # three unrelated classes
            return kind(name, text, LABELS, registry=registry, **options).labels(model, version)

        self.requests = child(Counter, "prediction_requests_total", "Requests for predictions")
        self.errors = child(Counter, "prediction_errors_total", "Requests that were refused or failed")
        self.latency = child(Histogram, "prediction_latency_seconds", "Time to answer")
        self.rows = child(Histogram, "prediction_rows", "Rows a request", buckets=ROWS_BUCKETS)
        self.in_flight = child(Gauge, "prediction_in_flight", "Requests under way", multiprocess_mode="livesum")


def exposition() -> bytes:
    """Return the series of all workers. Needs PROMETHEUS_MULTIPROC_DIR."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
    return generate_latest(registry)
