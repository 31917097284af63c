"""Names for places."""

from __future__ import annotations

import collections
import csv
from pathlib import Path

import numpy as np
import pytest

from training.regions import BOXES, UNKNOWN, regions


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
def test_cities_of_california_lie_where_people_say(place: tuple[float, float], name: str) -> None:
    assert regions(np.array([place])) == [name]


def test_elsewhere_a_place_gets_its_cell_of_two_degrees() -> None:
    assert regions(np.array([[52.5, 13.4], [-33.9, 18.4], [40.7, -74.0]])) == ["52N 12E", "34S 18E", "40N 74W"]


def test_a_place_that_is_missing_is_unknown() -> None:
    assert regions(np.array([[np.nan, -120.0], [35.0, np.nan]])) == [UNKNOWN, UNKNOWN]


def test_every_real_row_lies_in_a_region_that_is_large_enough_to_mean_something(real: Path) -> None:
    with real.open(newline="") as file:
        places = [(float(row["Latitude"]), float(row["Longitude"])) for row in csv.DictReader(file)]
    counts = collections.Counter(regions(np.array(places)))
    assert set(counts) == {box.name for box in BOXES}
    assert min(counts.values()) > 500
