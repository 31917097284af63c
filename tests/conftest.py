"""What holds for all tests."""

import signal

import pytest
from hypothesis import HealthCheck, settings

# Background jobs and some CI runners ignore SIGINT, and the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something about what else the computer does, nothing about the code.
settings.register_profile("no limits of time", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no limits of time")

# `slow(at="start")` starts something in the background, and `slow(at="end")` waits for its result.
TURNS = ("start", "", "end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests last, so that simple mistakes show early."""
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """Return the position of a test: the lowest number runs first."""
    marker = item.get_closest_marker("slow")
    return 0 if marker is None else 1 + TURNS.index(marker.kwargs.get("at", ""))
