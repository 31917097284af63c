"""Turns off MLflow's telemetry."""

from __future__ import annotations

import os


def disable() -> None:
    """Turn telemetry off, unless the environment turns it on. Call this before the first import of mlflow.

    Training has to work without a network, and a team's runs are private.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
