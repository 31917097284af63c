"""The profile of the training data that drift is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data.column import Floats
from training.data.dataset import Dataset
from training.data.split import TRAIN
from training.models.model import Model

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# Bins with about as many rows each: equal widths would put a field with a long tail into a single one.
BINS = 20


def document(model: Model, data: Dataset) -> dict[str, Any]:
    """Return the profile of each field and of the answers, over the rows that were learned from."""
    train = data.only(TRAIN)
    answers = model.predict(train.features).astype(np.float64)
    fields = {name: profile(train.features[:, index]) for index, name in enumerate(data.names)}
    return {"rows": len(answers), "fields": fields, "prediction": profile(answers)}


def profile(values: Floats) -> dict[str, Any]:
    """Return the share of missing values, and quantiles, range and histogram of the others; null where there is none.

    No mean and no deviation: sums depend on how a machine adds, and this file is the same everywhere.
    """
    present = values[~np.isnan(values)]
    missing = (len(values) - len(present)) / len(values)
    if not len(present):
        return {"missing_share": missing, "quantiles": None, "min": None, "max": None, "histogram": None}
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)))
    if len(edges) == 1:
        edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
    counts, _ = np.histogram(present, edges)
    return {
        "missing_share": missing,
        "quantiles": {str(at): float(np.quantile(present, at)) for at in QUANTILES},
        "min": float(np.min(present)),
        "max": float(np.max(present)),
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }
