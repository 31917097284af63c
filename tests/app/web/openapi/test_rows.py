from __future__ import annotations

from typing import Any

import pytest

from app.prediction.contract import TOO_LARGE
from tests.app.bundles import CALIFORNIA
from tests.app.web.openapi.documented import Documented

NAMES = [field.name for field in CALIFORNIA]
ROW = [8.3, 41, 6.9, 1.02, 322, 2.5, 37.88, -122.23]
ODD = [40, 0.5, True, 7, 1.8]


def with_value(row: list[Any], index: int, value: object) -> dict[str, Any]:
    return {"features": [[*row[:index], value, *row[index + 1 :]]]}


@pytest.mark.parametrize("path", ["/predict", "/predict/california", "/predict/odd"])
def test_each_example_gets_the_answer_beside_it(api: Documented, path: str) -> None:
    api.check_examples(path)


@pytest.mark.parametrize("value", [1, -1.5, 1e-300, -0.0, 3.4e38, -3.4028235677973362e38])
def test_takes_the_numbers_that_the_server_takes(api: Documented, value: object) -> None:
    assert api.agrees("/predict", with_value(ROW, 0, value))


@pytest.mark.parametrize("value", [TOO_LARGE, -TOO_LARGE, 10**39, None, "1", True, [1], {}])
def test_refuses_the_values_that_the_server_refuses(api: Documented, value: object) -> None:
    assert not api.agrees("/predict", with_value(ROW, 0, value))


@pytest.mark.parametrize(
    ("index", "value"),
    [
        *[(0, value) for value in (None, 2**31 - 1, -(2**31), 1.0)],
        *[(2, value) for value in (True, False)],
        *[(3, value) for value in (2**63 - 1, -(2**63))],
        *[(4, value) for value in (None, 1.8, 2)],
    ],
)
def test_takes_the_values_of_each_type(api: Documented, index: int, value: object) -> None:
    assert api.agrees("/predict/odd", with_value(ODD, index, value))


@pytest.mark.parametrize(
    ("index", "value"),
    [
        *[(0, value) for value in (2**31, 1.5, "1", True)],
        *[(2, value) for value in (None, 0, 1, "true")],
        *[(3, value) for value in (2**63, -(2**63) - 1, None, 0.5)],
        *[(4, value) for value in (3.5e38, "1.8", False)],
    ],
)
def test_refuses_the_values_of_another_type(api: Documented, index: int, value: object) -> None:
    assert not api.agrees("/predict/odd", with_value(ODD, index, value))


@pytest.mark.parametrize(
    "body",
    [
        {"features": [ROW] * 500},
        with_value(ROW, 3, None),
        {name: [1] for name in NAMES},
        {name: [1, 2, 3] for name in reversed(NAMES)},
    ],
)
def test_takes_rows_and_columns(api: Documented, body: object) -> None:
    assert api.agrees("/predict", body)


@pytest.mark.parametrize(
    "body",
    [
        {"features": []},
        {"features": [ROW] * 501},
        {"features": [ROW[:-1]]},
        {"features": [[*ROW, 1]]},
        {"features": ROW},
        {"features": [dict(zip(NAMES, ROW, strict=True))]},
        {"features": [ROW], "more": 1},
        {},
        [],
        {name: [] for name in NAMES},
        {name: [1] for name in NAMES[1:]},
        {name: [1] for name in [*NAMES, "More"]},
        {name: [1] * (1 + (name == "MedInc")) for name in NAMES},
        dict.fromkeys(NAMES, 1),
    ],
)
def test_refuses_other_shapes(api: Documented, body: object) -> None:
    assert not api.agrees("/predict", body)
