from __future__ import annotations

import math

import pytest

from app.bundle import Field
from app.prediction import cells
from app.problem import Problem


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("double", 1, 1.0),
        ("double", -0.5, -0.5),
        ("long", 2, 2.0),
        ("long", 2.0, 2.0),
        ("boolean", True, 1.0),
        ("double", 10**400, math.inf),
    ],
)
def test_a_cell_of_the_right_type_is_a_number(kind: str, value: object, wanted: float) -> None:
    assert cells.number(value, Field("x", kind, True), 0) == wanted


def test_null_is_nan() -> None:
    assert math.isnan(cells.number(None, Field("x", "double", True), 0))


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        ("double", "1", "a string"),
        ("double", True, "a boolean"),
        ("double", [1], "an array"),
        ("double", {}, "an object"),
        ("boolean", 1, "a number"),
        ("long", False, "a boolean"),
    ],
)
def test_the_error_says_what_was_wanted_and_what_kind_came(kind: str, value: object, got: str) -> None:
    with pytest.raises(Problem, match=f"field 'x', row 4: wanted .*, got {got}"):
        cells.number(value, Field("x", kind, True), 4)
