"""Rows whose answers are known, from XGBoost itself: a bundle's golden rows as requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from app import golden as goldens
from app.bundle import GOLDEN
from tests.app.http_client import Reply


class Known:
    """The golden rows of a bundle; rows are counted round and round."""

    def __init__(self, bundle: Path) -> None:
        golden = json.loads((bundle / GOLDEN).read_text())
        self.columns: list[str] = golden["columns"]
        self.rows: list[list[float | None]] = golden["rows"]
        self.answers: list[float] = golden["predictions"]
        self.allowed = [most for (most,) in goldens.tolerances(self.answers)]

    def features(self, first: int = 0, count: int = 1) -> list[list[float | None]]:
        return [self.rows[i % len(self.rows)] for i in range(first, first + count)]

    def body(self, first: int = 0, count: int = 1) -> bytes:
        """Return the rows from `first` on as a body for /predict."""
        return json.dumps({"features": self.features(first, count)}).encode()

    def right(self, reply: Reply, first: int = 0, count: int = 1) -> bool:
        """Return whether `reply` has the answers of these rows."""
        return reply.status == 200 and self.close(reply.json["predictions"], first, count)

    def close(self, predictions: Any, first: int = 0, count: int = 1) -> bool:
        at = np.arange(first, first + count) % len(self.answers)
        got, wanted, allowed = np.asarray(predictions, dtype=float), np.array(self.answers)[at], np.array(self.allowed)
        return got.shape == (count,) and bool((np.abs(got - wanted) <= allowed[at]).all())
