"""The golden rows: a server must reproduce their predictions before it may serve the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data.column import Floats
from training.data.dataset import Dataset
from training.models.model import Model

ROWS = 64
MISSING_ROWS = 8


def build(model: Model, data: Dataset) -> dict[str, Any]:
    """Return columns, rows and XGBoost's predictions, as golden.json has them."""
    rows = choose(data)
    return {
        "columns": list(data.names),
        "rows": [[None if np.isnan(value) else value for value in row] for row in rows.tolist()],
        # A float32 is exact as a double, and JSON represents a double exactly.
        "predictions": [float(prediction) for prediction in model.predict(rows)],
    }


def choose(data: Dataset) -> Floats:
    """Return real rows, rows with missing values, and the extremes of each feature; the same for the same data."""
    base = np.nanmedian(data.features, axis=0)
    special = [*_missing(data, base), *_extremes(data, base)]
    real = data.features[np.flatnonzero(~np.isnan(data.features).any(axis=1))]
    count = min(len(real), max(8, ROWS - len(special)))
    spread = np.linspace(0, len(real) - 1, count).astype(int)
    return np.vstack([real[spread], *special])


def _missing(data: Dataset, base: Floats) -> list[Floats]:
    """Return real rows with missing values, rows without one nullable feature each, and a row without all of them."""
    missing = np.isnan(data.features)
    rows = list(data.features[np.flatnonzero(missing.any(axis=1))[:MISSING_ROWS]])
    nullable = missing.any(axis=0)
    for absent in [*np.diag(nullable)[nullable], *([nullable] if nullable.sum() > 1 else [])]:
        rows.append(np.where(absent, np.nan, base))
    return rows


def _extremes(data: Dataset, base: Floats) -> list[Floats]:
    """Return, for each feature, the median row with its lowest value and with its highest."""
    rows = []
    for index in range(len(base)):
        for extreme in (np.nanmin, np.nanmax):
            row = base.copy()
            row[index] = extreme(data.features[:, index])
            rows.append(row)
    return rows
