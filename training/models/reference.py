"""The profile of the training data, the reference for drift."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data.column import Floats
from training.data.dataset import Dataset
from training.data.split import TRAIN
from training.models.model import Model

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# Each bin holds about the same number of rows: with equal widths, one bin would hold nearly all of a long-tailed field.
BINS = 20


def build(model: Model, data: Dataset) -> dict[str, Any]:
    """Return the profile of each field and of the predictions over the train part."""
    train = data.only(TRAIN)
    predictions = model.predict(train.features).astype(np.float64)
    fields = {name: profile(train.features[:, index]) for index, name in enumerate(data.names)}
    return {"rows": len(predictions), "fields": fields, "prediction": profile(predictions)}


def profile(values: Floats) -> dict[str, Any]:
    """Return the share of missing values, and quantiles, range and histogram of the others (None if all are missing).

    There is no mean and no deviation: the order of a sum differs between machines, and this file must not.
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
