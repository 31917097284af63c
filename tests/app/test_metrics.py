from __future__ import annotations

import gc

from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Metrics


def test_all_that_is_promised_is_exported() -> None:
    metrics = Metrics()
    recorder = metrics.recorder("california", "7")
    recorder.requests.inc()
    recorder.latency.observe(0.002)
    recorder.rows.observe(3)
    metrics.clients.count("mobile-app")
    metrics.errors.labels("california", "7", "wrong_type").inc()
    metrics.loaded("california", "7", "sha256:abc", 0.2)
    metrics.in_flight.set(1)
    families = {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert {
        "prediction_requests",
        "prediction_errors",
        "prediction_client_requests",
        "prediction_latency_seconds",
        "prediction_rows",
        "predictions_in_flight",
        "model_load_seconds",
        "slipway_release_info",
        "python_gc_collections",
        "python_gc_objects_collected",
        "python_gc_objects_uncollectable",
    } <= set(families)
    (release,) = families["slipway_release_info"].samples
    assert release.labels == {"model": "california", "version": "7", "image": "sha256:abc"}
    (error,) = (sample for sample in families["prediction_errors"].samples if sample.name.endswith("_total"))
    assert error.labels == {"model": "california", "version": "7", "reason": "wrong_type"}


def test_collections_are_counted_once_however_often_they_are_asked_for() -> None:
    metrics = Metrics()
    metrics.collect_garbage_counts()

    def collections() -> float:
        value = metrics.registry.get_sample_value("python_gc_collections_total", {"generation": "2"})
        assert value is not None
        return value

    before = collections()
    gc.collect()
    for _ in range(3):
        metrics.collect_garbage_counts()
    assert collections() == before + 1
