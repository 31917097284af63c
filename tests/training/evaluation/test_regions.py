"""The regions of coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.regions import UNKNOWN, region_names


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ((37.77, -122.42), "Bay Area"),
        ((34.05, -118.24), "Los Angeles"),
        ((32.72, -117.16), "San Diego"),
        ((33.95, -117.40), "Inland South"),
        ((36.60, -121.89), "Central Coast"),
        ((34.42, -119.70), "Central Coast"),
        ((38.58, -121.49), "Sacramento"),
        ((36.74, -119.79), "Central Valley"),
        ((40.80, -124.16), "North"),
    ],
)
def test_cities_of_california_are_in_their_regions(place: tuple[float, float], name: str) -> None:
    assert region_names(np.array([place])) == [name]


def test_coordinates_elsewhere_are_in_a_cell_of_two_degrees() -> None:
    assert region_names(np.array([[52.5, 13.4], [-33.9, 18.4], [40.7, -74.0]])) == ["52N 12E", "34S 18E", "40N 74W"]


def test_missing_coordinates_are_an_unknown_region() -> None:
    assert region_names(np.array([[np.nan, -120.0], [35.0, np.nan]])) == [UNKNOWN, UNKNOWN]
