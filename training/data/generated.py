"""Generates data with the columns of California Housing, for machines that cannot download it."""

from __future__ import annotations

import numpy as np

from training.data.column import Floats

ROWS = 20_000
SEED = 1990


def generate() -> dict[str, Floats]:
    """Return the columns: districts along a coast, where prices rise with income and fall with distance from the sea.

    The ranges are plausible, but a model of this data says nothing about real houses.
    """
    random = np.random.default_rng(SEED)
    along, inland = random.random(ROWS), random.gamma(1.2, 1.0, ROWS)
    rooms = random.lognormal(1.65, 0.25, ROWS)
    bedrooms = rooms * random.normal(0.2, 0.02, ROWS).clip(0.1, 0.4)
    columns = {
        "MedInc": random.lognormal(1.25, 0.45, ROWS).clip(0.5, 15.0),
        "HouseAge": random.integers(1, 53, ROWS).astype(np.float64),
        "AveRooms": rooms,
        "AveBedrms": np.where(random.random(ROWS) < 0.01, np.nan, bedrooms),
        "Population": random.lognormal(7.0, 0.7, ROWS).round().clip(3),
        "AveOccup": random.lognormal(1.03, 0.25, ROWS),
        "Latitude": (32.6 + 9.3 * along).round(2),
        "Longitude": (-117.2 - 7.0 * along + 1.5 * inland.clip(0, 3)).round(2),
    }
    value = (
        0.42 * columns["MedInc"] * np.exp(-0.25 * inland) + 1.2 * np.exp(-inland) - 0.25 * (columns["AveOccup"] - 2.8)
    )
    return columns | {"MedHouseVal": (value * random.lognormal(0.0, 0.12, ROWS) + 0.3).clip(0.15, 5.00001)}
