"""Compares a server's predictions with XGBoost's own, before anything is timed."""

import http.client
from collections.abc import Sequence

import numpy as np
import orjson
import xgboost

from bench.bundle import Bundle
from bench.rows import Row

TOLERANCE = 1e-5
HANG_SECONDS = 60


class WrongAnswer(RuntimeError):
    """The server's predictions are not XGBoost's, so its speed would mean nothing."""


class Reference:
    """XGBoost itself, in the simplest way: a DMatrix with NaN for missing values."""

    def __init__(self, bundle: Bundle) -> None:
        self._booster = xgboost.Booster(model_file=bundle.model)
        self._names = [field.name for field in bundle.fields] if self._booster.feature_names else None

    def predict(self, rows: list[Row]) -> np.ndarray:
        values = np.array(rows, dtype=np.float32)
        return self._booster.predict(xgboost.DMatrix(values, missing=np.nan, feature_names=self._names))


def ask(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    """Send one POST on a new connection, and return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_SECONDS)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def require_equal(server: str, status: int, body: bytes, expected: np.ndarray) -> None:
    """Raise WrongAnswer unless the status is 200 and the predictions are XGBoost's, within the tolerance."""
    if status != 200:
        raise WrongAnswer(f"{server}: status {status}, wanted 200: {body[:300]!r}")
    got = _predictions(orjson.loads(body)["predictions"])
    if got.shape != expected.shape:
        raise WrongAnswer(f"{server}: {got.shape} predictions, wanted {expected.shape}")
    deviations = np.abs(got - expected) / np.maximum(np.abs(expected), np.finfo(np.float32).tiny)
    worst = int(np.argmax(deviations))
    if not deviations[worst] <= TOLERANCE:  # not `>`, which a NaN would pass
        raise WrongAnswer(f"{server}: row {worst} is {got[worst]}, XGBoost predicts {expected[worst]}")


def _predictions(listed: Sequence[float | dict[str, float]]) -> np.ndarray:
    """Return the numbers. MLflow wraps each in an object if the model's output has a name."""
    return np.array([next(iter(one.values())) if isinstance(one, dict) else one for one in listed], dtype=float)
