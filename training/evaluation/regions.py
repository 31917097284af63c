"""Names the region of a coordinate: a part of California, elsewhere a cell of two degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.data.column import Floats

CELL_DEGREES = 2
UNKNOWN = "unknown place"


@dataclass(frozen=True)
class Box:
    """A region as a box of degrees; longitudes west of Greenwich are negative."""

    name: str
    south: float
    north: float
    west: float
    east: float


# The first box that contains a coordinate names it, so cities come before their surroundings. The boxes are coarse on
# purpose: each holds enough rows for a meaningful error, and they separate the coast from the inland.
BOXES = (
    Box("Bay Area", 36.9, 38.4, -123.1, -121.6),
    Box("Los Angeles", 33.2, 34.5, -119.0, -117.6),
    Box("San Diego", 32.5, 33.4, -117.7, -116.7),
    Box("Inland South", 32.5, 36.6, -117.7, -114.1),
    # The coast runs north-west, so it takes three boxes.
    Box("Central Coast", 34.0, 34.9, -120.8, -119.0),
    Box("Central Coast", 34.9, 36.0, -121.9, -120.2),
    Box("Central Coast", 36.0, 36.9, -122.1, -121.3),
    Box("Sacramento", 38.0, 39.3, -122.1, -120.6),
    Box("Central Valley", 34.5, 38.0, -121.6, -117.7),
    Box("North", 38.0, 42.1, -124.5, -118.9),
)


def region_names(coordinates: Floats) -> list[str]:
    """Return the region of each row of (latitude, longitude)."""
    return [_region(latitude, longitude) for latitude, longitude in coordinates.tolist()]


def _region(latitude: float, longitude: float) -> str:
    if math.isnan(latitude) or math.isnan(longitude):
        return UNKNOWN
    for box in BOXES:
        if box.south <= latitude <= box.north and box.west <= longitude <= box.east:
            return box.name
    return _cell(latitude, longitude)


def _cell(latitude: float, longitude: float) -> str:
    south, west = (math.floor(degrees / CELL_DEGREES) * CELL_DEGREES for degrees in (latitude, longitude))
    return f"{abs(south)}{'N' if south >= 0 else 'S'} {abs(west)}{'E' if west >= 0 else 'W'}"
