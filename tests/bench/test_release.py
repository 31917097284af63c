"""The figures of a release, and that each has the limit that it is held to."""

import json

from bench.figures import LIMITS
from bench.release import figure


def test_a_figure_is_the_median_with_its_limit() -> None:
    made = figure("poll_cpu", [0.05, 0.2, 0.06])
    assert made.held()
    told = json.loads(made.line())
    assert (told["value"], told["low"], told["high"], told["limit"]) == (0.06, 0.05, 0.2, 0.1)


def test_one_that_is_missed_says_so() -> None:
    assert not figure("model_release_seconds", [16.0, 17.0]).held()


def test_what_has_no_limit_is_told_all_the_same() -> None:
    assert "limit" not in json.loads(figure("role_api_seconds", [1.0]).line())


def test_the_numbers_are_those_of_the_design() -> None:
    wanted = {
        "poll_cpu": 0.1,
        "model_release_seconds": 15,
        "image_release_seconds": 60,
        "full_run_seconds": 30,
        "failed_requests": 0,
        "wrong_answers": 0,
    }
    assert {name: LIMITS[name].bound for name in wanted} == wanted
