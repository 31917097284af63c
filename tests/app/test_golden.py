from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.golden import EPSILON, ROUNDINGS, SHARE, missed, tolerances
from tests.app.conftest import ROOT

numbers = st.floats(-(2.0**100), 2.0**100, width=32)


def test_the_role_has_the_same_file() -> None:
    copy = ROOT / "plugins" / "module_utils" / "slipway" / "golden.py"
    assert copy.read_bytes() == (ROOT / "app" / "golden.py").read_bytes(), f"copy app/golden.py to {copy}"


@given(st.lists(numbers, min_size=1, max_size=64))
def test_golden_answers_are_close_to_themselves(golden: list[float]) -> None:
    assert missed(golden, golden) == []
    last = len(golden) - 1
    assert missed(golden[last:], golden, last) == []


@given(st.lists(numbers, min_size=1, max_size=64))
def test_the_tolerance_is_a_share_of_the_distance_from_the_median(golden: list[float]) -> None:
    distances = np.abs(np.array(golden) - np.median(golden))
    wanted = SHARE * (distances + np.median(distances)) + ROUNDINGS * EPSILON * np.abs(golden)
    np.testing.assert_allclose([most for (most,) in tolerances(golden)], wanted, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_the_unit_changes_nothing(unit: float) -> None:
    golden = [unit * value for value in (1.0, 2.0, 3.0, 4.0, 50.0)]
    near, far = [value * (1 + 1e-5) for value in golden], [value * (1 + 1e-3) for value in golden]
    assert missed(near, golden) == []
    assert missed(far, golden) == [0, 1, 2, 3, 4]


def test_an_offset_that_all_answers_share_does_not_widen_the_tolerance() -> None:
    golden = [2000.0 + year for year in range(10)]
    assert missed([year + 0.1 for year in golden], golden) == list(range(10))


def test_where_most_answers_are_zero_those_next_to_zero_have_to_be_right() -> None:
    golden = [0.0] * 40 + [0.001] * 10 + [5000.0] * 10
    assert missed([*golden[:40], *[0.0011] * 10, *golden[50:]], golden) == list(range(40, 50))
    assert missed([*golden[:50], *[5000.1] * 10], golden) == []


def test_equal_answers_may_be_rounded_otherwise_and_no_more() -> None:
    golden = [1.5] * 5
    assert missed([1.5 + 2 * EPSILON] * 5, golden) == []
    assert missed([1.5 + 10 * EPSILON] * 5, golden) == [0, 1, 2, 3, 4]


def test_every_output_is_measured_against_itself_in_other_rows() -> None:
    golden = [[1e-6, 1000.0], [2e-6, 2000.0], [3e-6, 3000.0]]
    assert missed([[1e-6, 1000.001], [2e-6, 2000.0], [3.1e-6, 3000.0]], golden) == [2]


@pytest.mark.parametrize("answer", [math.nan, math.inf, None, "1.0", [1.0], [], {}])
def test_what_is_no_number_is_missed(answer: object) -> None:
    assert missed([answer], [1.0, 2.0]) == [0]


@pytest.mark.parametrize("answer", [1.0, [1.0], [1.0, 2.0, 3.0], [1.0, None], None])
def test_another_number_of_outputs_is_missed(answer: object) -> None:
    assert missed([answer], [[1.0, 2.0]]) == [0]
