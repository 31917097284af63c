"""What computes predictions: oneDAL where it can, XGBoost else; both give XGBoost's answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from app.bundle import Golden

log = logging.getLogger("slipway")

FloatArray = npt.NDArray[np.float32]
# float32 sums in another order differ in the last digits; this is the design's bound.
TOLERANCE = 1e-5
ENGINES = ("auto", "onedal", "xgboost")


class EngineError(Exception):
    """An engine that cannot compute this model here; the message says why."""


class Engine(Protocol):
    """Predicts rows of float32, shape (rows, fields), NaN for missing; returns (rows,) or (rows, outputs)."""

    name: str

    def predict(self, rows: FloatArray) -> FloatArray: ...


class XGBoost:
    """XGBoost's own predictor on one thread: the reference, and what is left where oneDAL cannot."""

    name = "xgboost"

    def __init__(self, model: bytes) -> None:
        # Imported here: it costs 45 MB and 0.2 s, which a worker that serves by oneDAL does not pay.
        import xgboost

        self._booster = xgboost.Booster(model_file=bytearray(model))
        self._booster.set_param({"nthread": 1})

    def predict(self, rows: FloatArray) -> FloatArray:
        return np.asarray(self._booster.inplace_predict(rows, validate_features=False), dtype=np.float32)


def choose(model: bytes, golden: Golden, preference: str = "auto") -> Engine:
    """Return the preferred engine if it gives the golden answers; with `auto`, XGBoost if oneDAL does not.

    Raises EngineError where the engine asked for, or XGBoost itself, does not give them.
    """
    if preference != "xgboost":
        try:
            return _fast(model, golden)
        except EngineError as error:
            if preference == "onedal":
                raise
            log.warning("oneDAL cannot serve this model, XGBoost does", extra={"reason": str(error)})
    engine = XGBoost(model)
    check(engine, golden)
    return engine


def _fast(model: bytes, golden: Golden) -> Engine:
    from app.onedal import OneDAL

    engine = OneDAL(model)
    check(engine, golden)
    return engine


def check(engine: Engine, golden: Golden) -> None:
    """Raise EngineError unless `engine` gives the golden answers for the golden rows."""
    rows = matrix(golden.rows)
    answers, wanted = engine.predict(rows), np.asarray(golden.predictions, dtype=np.float32)
    if answers.shape != wanted.shape:
        raise EngineError(f"{engine.name} answers in shape {answers.shape}, the golden answers have {wanted.shape}")
    wrong = ~np.isclose(answers, wanted, rtol=TOLERANCE, atol=TOLERANCE).reshape(len(wanted), -1).all(axis=1)
    if wrong.any():
        missed, first = int(wrong.sum()), np.flatnonzero(wrong)[0]
        raise EngineError(f"{engine.name} misses {missed} of {len(wanted)} golden answers, the first in row {first}")


def matrix(rows: Sequence[Sequence[Any]]) -> FloatArray:
    """Return rows with None for missing as float32 with NaN, shape (rows, fields)."""
    return np.array(rows, dtype=np.float32)
