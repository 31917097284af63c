"""XGBoost's own predictor: the reference, and the engine for a model that oneDAL cannot compute."""

from __future__ import annotations

import numpy as np

from app.engines.engine import EngineError, FloatArray


class XGBoost:
    """An XGBoost model on one thread."""

    name = "xgboost"

    def __init__(self, model: bytes) -> None:
        # Imported here: it costs 45 MB and 0.2 s, which a worker that serves with oneDAL does not pay.
        import xgboost

        try:
            self._booster = xgboost.Booster(model_file=bytearray(model))
        except xgboost.core.XGBoostError as error:
            raise EngineError(f"XGBoost cannot load the model: {error}") from error
        self._booster.set_param({"nthread": 1})

    def predict(self, rows: FloatArray) -> FloatArray:
        return np.asarray(self._booster.inplace_predict(rows, validate_features=False), dtype=np.float32)
