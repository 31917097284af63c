"""The rows that a model must answer as it did in training, before it may serve."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data.column import Floats
from training.data.dataset import Dataset
from training.models.model import Model

ROWS = 64
MISSING_ROWS = 8


def document(model: Model, data: Dataset) -> dict[str, Any]:
    """Return columns, rows and XGBoost's answers; the rows are real ones, ones with missing values, and the edges."""
    rows = choose(data)
    return {
        "columns": list(data.names),
        "rows": [[None if np.isnan(value) else value for value in row] for row in rows.tolist()],
        # A float32 is exact as a double, and a double is exact as JSON.
        "predictions": [float(answer) for answer in model.predict(rows)],
    }


def choose(data: Dataset) -> Floats:
    """Return the rows, the same for the same data."""
    base = np.nanmedian(data.features, axis=0)
    special = [*_missing(data, base), *_edges(data, base)]
    real = data.features[np.flatnonzero(~np.isnan(data.features).any(axis=1))]
    count = min(len(real), max(8, ROWS - len(special)))
    spread = np.linspace(0, len(real) - 1, count).astype(int)
    return np.vstack([real[spread], *special])


def _missing(data: Dataset, base: Floats) -> list[Floats]:
    """Return real rows with missing values, and rows without each field that may be missing and without all of them."""
    missing = np.isnan(data.features)
    rows = list(data.features[np.flatnonzero(missing.any(axis=1))[:MISSING_ROWS]])
    nullable = missing.any(axis=0)
    for gone in [*np.diag(nullable)[nullable], *([nullable] if nullable.sum() > 1 else [])]:
        rows.append(np.where(gone, np.nan, base))
    return rows


def _edges(data: Dataset, base: Floats) -> list[Floats]:
    """Return for each field a middling row with its lowest value, and one with its highest."""
    rows = []
    for index in range(len(base)):
        for edge in (np.nanmin, np.nanmax):
            row = base.copy()
            row[index] = edge(data.features[:, index])
            rows.append(row)
    return rows
