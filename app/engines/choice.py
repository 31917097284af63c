"""Which engine serves a model: oneDAL if it gives XGBoost's answers, otherwise XGBoost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from app import golden as goldens
from app.bundle import Golden
from app.engines.engine import Engine, EngineError, FloatArray
from app.engines.xgboost import XGBoost

log = logging.getLogger("slipway")


def choose(model: bytes, golden: Golden, preference: str = "auto") -> Engine:
    """Return the preferred engine if it gives the golden answers; with `auto`, XGBoost if oneDAL does not.

    Raises EngineError if the preferred engine, or XGBoost itself, does not give them.
    """
    if preference != "xgboost":
        try:
            return _onedal(model, golden)
        except EngineError as error:
            if preference == "onedal":
                raise
            log.warning("oneDAL cannot serve this model; XGBoost serves it", extra={"reason": str(error)})
    engine = XGBoost(model)
    check(engine, golden)
    return engine


def _onedal(model: bytes, golden: Golden) -> Engine:
    from app.engines.onedal import OneDAL

    engine = OneDAL(model)
    check(engine, golden)
    return engine


def check(engine: Engine, golden: Golden, alone: int | None = None) -> None:
    """Raise EngineError unless the engine gives the golden answers, to all rows as one batch and to single rows.

    Both are checked because an engine may add up in different orders: oneDAL computes 32 rows at a time, but a single
    row, or the rest of a batch, tree by tree. `alone` is how many rows are checked one at a time; None means all.
    """
    rows = matrix(golden.rows)
    try:
        batch = engine.predict(rows)
        singles = np.concatenate([engine.predict(row[np.newaxis]) for row in rows[:alone]])
    except (RuntimeError, ValueError) as error:  # oneDAL's errors, and XGBoost's
        raise EngineError(f"{engine.name} cannot predict the golden rows: {error}") from error
    _compare(engine.name, batch, golden, "as one batch")
    _compare(engine.name, singles, golden, "one row at a time")


def _compare(name: str, answers: FloatArray, golden: Golden, manner: str) -> None:
    wanted = (len(answers), *np.shape(golden.predictions)[1:])
    if answers.shape != wanted:
        raise EngineError(f"{name} gives answers of shape {answers.shape}, the golden answers have shape {wanted}")
    if missed := goldens.missed(answers.tolist(), golden.predictions):
        count = len(answers)
        raise EngineError(
            f"{name} gets {len(missed)} of {count} golden answers wrong {manner}, the first in row {missed[0]}"
        )


def matrix(rows: Sequence[Sequence[Any]]) -> FloatArray:
    """Return rows with None for missing as float32 with NaN, shape (rows, fields)."""
    return np.array(rows, dtype=np.float32)
