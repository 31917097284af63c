"""What an engine is: the interface that XGBoost and oneDAL implement."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class EngineError(Exception):
    """The engine cannot compute this model here; the message says why."""


class Engine(Protocol):
    """Predicts rows of float32, shape (rows, fields), NaN for missing; returns (rows,) or (rows, outputs)."""

    name: str

    def predict(self, rows: FloatArray) -> FloatArray: ...
