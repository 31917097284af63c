"""MLflow's telemetry."""

from __future__ import annotations

import os

import pytest

from training.tracking import telemetry


def test_it_is_off_unless_the_environment_turns_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    telemetry.disable()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    telemetry.disable()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
