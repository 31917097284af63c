"""All steps in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import app.bundle
from training import __main__ as main
from training.data import california
from training.errors import DataError


def test_the_model_explains_held_out_rows(release: dict[str, Any]) -> None:
    assert release["metrics"]["r2"] > 0.3


def test_the_steps_run_in_order_each_with_its_time(release: dict[str, Any]) -> None:
    heads = [line for line in release["stderr"].splitlines() if line.startswith("[")]
    assert heads == [f"[{number}/5] {name}" for number, name in enumerate(main.STEPS, start=1)]
    assert release["stderr"].count("done in ") == 5
    assert list(release["seconds"]) == list(main.STEPS)


def test_stdout_has_only_the_result(release: dict[str, Any]) -> None:
    assert len(release["stdout"].splitlines()) == 1
    assert set(json.loads(release["stdout"])) >= {"bundle", "sha256", "metrics", "name", "version", "data", "run"}


def test_generated_data_is_tagged_in_the_run_and_the_version(
    registry: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.tracking import MlflowClient

    def refuse() -> dict[str, Any]:
        raise DataError("no network")

    monkeypatch.setattr(california, "download", refuse)
    assert main.main([f"output={registry}", "rounds=5"]) == 1
    assert main.main([f"output={registry}", "rounds=5", "allow_generated=true"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["data"] == "generated"
    assert "training on generated data instead, tagged data=generated" in captured.err
    client = MlflowClient()
    assert client.get_run(result["run"]).data.tags["data"] == "generated"
    assert client.get_model_version("california", "1").tags["data"] == "generated"
    app.bundle.verify(registry / "models" / "california" / "1", result["sha256"])


def test_an_unknown_setting_is_refused_before_any_step_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([f"output={tmp_path / 'var'}", "max_dpeth=3"]) == 2
    assert capsys.readouterr().err == "error: max_dpeth='3': no such key, the nearest is 'max_depth'\n"
    assert not (tmp_path / "var").exists()
