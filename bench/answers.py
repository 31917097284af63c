"""Every server's answers against XGBoost's own, before anything is timed."""

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
    """A server that answers other than XGBoost: timing it would mean nothing."""


class Truth:
    """XGBoost itself, on the plainest path: a DMatrix with NaN for what is missing."""

    def __init__(self, bundle: Bundle) -> None:
        self._booster = xgboost.Booster(model_file=bundle.model)
        self._names = [field.name for field in bundle.fields] if self._booster.feature_names else None

    def predict(self, rows: list[Row]) -> np.ndarray:
        values = np.array(rows, dtype=np.float32)
        return self._booster.predict(xgboost.DMatrix(values, missing=np.nan, feature_names=self._names))


def ask(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of one POST on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_SECONDS)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def require_equal(server: str, status: int, body: bytes, truth: np.ndarray) -> None:
    """WrongAnswer unless it is 200 with XGBoost's predictions within the tolerance."""
    if status != 200:
        raise WrongAnswer(f"{server}: status {status}, wanted 200: {body[:300]!r}")
    got = _predictions(orjson.loads(body)["predictions"])
    if got.shape != truth.shape:
        raise WrongAnswer(f"{server}: {got.shape} predictions, wanted {truth.shape}")
    off = np.abs(got - truth) / np.maximum(np.abs(truth), np.finfo(np.float32).tiny)
    worst = int(np.argmax(off))
    if not off[worst] <= TOLERANCE:  # turned this way round so that NaN is wrong too
        raise WrongAnswer(f"{server}: row {worst} is {got[worst]}, XGBoost says {truth[worst]}")


def _predictions(listed: Sequence[float | dict[str, float]]) -> np.ndarray:
    """MLflow wraps each number in a record where the model's output has a name."""
    return np.array([next(iter(one.values())) if isinstance(one, dict) else one for one in listed], dtype=float)
