"""MLflow's telemetry."""

from __future__ import annotations

import os


def off() -> None:
    """Keep MLflow from reporting its use to its makers, unless the environment says otherwise.

    To be called before the first import of mlflow, which decides then: training has to work without a network, and a
    team's runs are nobody else's business.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
