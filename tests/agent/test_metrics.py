"""agent/metrics.py"""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from agent import metrics
from agent.state import RESULTS, State

STATE = State(
    head="b" * 40,
    applied="a" * 40,
    success_at=1795247291.5,
    seconds=9.25,
    runs={"applied": 3, "failed": 1},
    health={"api": "", "gateway": "haproxy.service is failed"},
)


def samples(text: str) -> dict[str, dict[str, float]]:
    """By name, then by the value of the one label, "" for none."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            (label,) = sample.labels.values() or [""]
            found.setdefault(sample.name, {})[label] = sample.value
    return found


def test_a_state_becomes_metrics() -> None:
    assert samples(metrics.text(STATE)) == {
        "slipway_pull_head_info": {"b" * 40: 1},
        "slipway_pull_applied_info": {"a" * 40: 1},
        "slipway_pull_last_success_timestamp_seconds": {"": 1795247291.5},
        "slipway_pull_runs_total": dict.fromkeys(RESULTS, 0.0) | {"applied": 3, "failed": 1},
        "slipway_healthy": {"api": 1, "gateway": 0},
        "slipway_pull_run_duration_seconds": {"": 9.25},
    }


def test_a_host_without_any_run_has_every_metric_but_no_commit() -> None:
    found = samples(metrics.text(State()))
    assert "slipway_pull_applied_info" not in found
    assert set(found["slipway_pull_runs_total"]) == set(RESULTS)


def test_every_metric_is_explained() -> None:
    for family in text_string_to_metric_families(metrics.text(STATE)):
        assert family.documentation
        assert family.type in ("gauge", "counter")


def test_the_file_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics" / "pull.prom"
    metrics.write(path, STATE)
    assert path.read_text() == metrics.text(STATE)
    assert [each.name for each in path.parent.iterdir()] == ["pull.prom"]
