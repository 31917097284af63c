"""Scores of predictions: RMSE, MAE, R2, and errors per decile and per region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.column import Floats

DECILES = 10


def scores(true: Floats, predicted: Floats) -> dict[str, float]:
    """Return RMSE, MAE (in the target's unit) and R2, the share of the variance that the predictions explain."""
    errors = predicted - true
    return {
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "mae": float(np.mean(np.abs(errors))),
        "r2": float(1 - np.sum(errors**2) / np.sum((true - true.mean()) ** 2)),
    }


def by_decile(true: Floats, predicted: Floats) -> list[dict[str, Any]]:
    """Return the errors in each tenth of the rows, from the lowest targets to the highest."""
    order = np.argsort(true, kind="stable")
    groups = np.empty(len(true), int)
    groups[order] = np.arange(len(true)) * DECILES // len(true)
    return [
        {"decile": decile + 1, "from": float(true[rows].min()), "to": float(true[rows].max())}
        | _errors(true[rows], predicted[rows])
        for decile in range(DECILES)
        if (rows := groups == decile).any()
    ]


def by_region(true: Floats, predicted: Floats, regions: Sequence[str]) -> list[dict[str, Any]]:
    """Return the errors in each region, the region with the most rows first."""
    names = np.asarray(regions)
    unique, counts = np.unique(names, return_counts=True)
    ordered = sorted(zip(unique.tolist(), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return [{"region": name} | _errors(true[names == name], predicted[names == name]) for name, _ in ordered]


def _errors(true: Floats, predicted: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the errors of a group, without R2: that would compare with the mean of the group alone."""
    errors = predicted - true
    return {
        "rows": len(true),
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "mae": float(np.mean(np.abs(errors))),
        # Above zero: the predictions are too high.
        "bias": float(np.mean(errors)),
    }
