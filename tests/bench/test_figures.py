import json
from dataclasses import replace

import pytest

from bench import figures
from bench.figures import LIMITS, Figure, Limit
from bench.serving.targets import FASTAPI, OURS

FLOOR = Limit(4.0, "ratio", at_least=True, peer=FASTAPI)
CEILING = Limit(1.0, "value")
LEFT_OVER = (
    *("left_over_containers", "left_over_images", "left_over_volumes", "left_over_bundles", "left_over_files"),
    *("left_over_processes", "left_over_open_files_gateway", "left_over_open_files_docker"),
    "left_over_open_files_containerd",
)
PLAIN = Figure("some", 1.0, "s", OURS)


@pytest.mark.parametrize(("ratio", "held"), [(3.999, False), (4.0, True), (5.0, True)])
def test_a_floor_on_the_ratio_looks_at_the_ratio_alone(ratio: float, held: bool) -> None:
    assert replace(PLAIN, value=99, ratio=ratio, limit=FLOOR).held() is held


@pytest.mark.parametrize(("value", "held"), [(0.5, True), (1.0, True), (1.001, False)])
def test_a_ceiling_on_the_value_looks_at_the_value_alone(value: float, held: bool) -> None:
    assert replace(PLAIN, value=value, ratio=99, limit=CEILING).held() is held


def test_a_figure_without_a_limit_is_within_it() -> None:
    assert PLAIN.held()


def test_a_limit_on_a_ratio_without_a_peer_is_an_error() -> None:
    with pytest.raises(ValueError, match="some"):
        replace(PLAIN, limit=FLOOR).held()


def test_a_line_is_one_json_object_without_empty_keys() -> None:
    assert json.loads(PLAIN.line()) == {"figure": "some", "value": 1.0, "unit": "s", "server": OURS}


def test_a_line_with_a_floor_says_so() -> None:
    line = json.loads(replace(PLAIN, ratio=4.56789, limit=FLOOR).line())
    assert line["ratio"] == 4.568
    assert (line["limit"], line["limit_on"], line["at_least"], line["held"]) == (4.0, "ratio", True, True)


def test_a_line_with_a_ceiling_has_no_at_least() -> None:
    line = json.loads(replace(PLAIN, value=2.0, limit=CEILING).line())
    assert "at_least" not in line
    assert line["held"] is False


def test_the_ratio_is_the_median_of_paired_ratios() -> None:
    seen = {OURS: [10.0, 100.0, 40.0], FASTAPI: [5.0, 10.0, 10.0]}
    figure = figures.summarize("p50_1_row", "ms", seen, OURS, FASTAPI)
    assert (figure.value, figure.low, figure.high) == (40.0, 10.0, 100.0)
    assert (figure.peer_value, figure.peer_low, figure.peer_high) == (10.0, 5.0, 10.0)
    assert figure.ratio == 4.0


def test_the_limit_is_for_our_server_against_its_peer() -> None:
    seen = {OURS: [8.0], FASTAPI: [2.0], "mlflow": [1.0]}
    name = "requests_per_second_1_row"
    assert figures.summarize(name, "requests/s", seen, OURS, FASTAPI).limit == LIMITS[name]
    assert figures.summarize(name, "requests/s", seen, OURS, "mlflow").limit is None
    assert figures.summarize(name, "requests/s", seen, FASTAPI, "mlflow").limit is None


def test_the_limits_are_those_of_the_design() -> None:
    assert {name: limit.bound for name, limit in LIMITS.items()} == {
        "requests_per_second_1_row": 4.0,
        "p99_1_row": 0.7,
        "rows_per_second_10000_rows": 3.3,
        "memory_workers_rss": 300.0,
        "cold_start": 1.0,
        "poll_cpu": 0.1,
        "model_release_seconds": 15.0,
        "image_release_seconds": 60.0,
        "failed_requests": 0.0,
        "wrong_answers": 0.0,
        **dict.fromkeys(LEFT_OVER, 0.0),
        "series_memory_gateway": 1.1,
        "series_memory_api": 1.1,
        "series_memory_docker": 1.1,
        "full_run_seconds": 30.0,
        "up_warm_seconds": 60.0,
    }
