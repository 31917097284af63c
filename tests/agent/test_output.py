"""agent/output.py"""

import pytest

from agent.output import duration, short


@pytest.mark.parametrize(
    ("seconds", "message"),
    [(-5, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_a_span_is_in_the_unit_that_fits(seconds: float, message: str) -> None:
    assert duration(seconds) == message


def test_a_commit_is_as_long_as_a_person_needs() -> None:
    assert short("a" * 40) == "a" * 12
    assert short("") == "nothing"
