"""A training in a new process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import DIABETES
from training import launch


def test_the_result_is_returned_and_progress_is_reported_line_by_line(tmp_path: Path, patients: Path) -> None:
    lines: list[str] = []
    settings = (f"output={tmp_path / 'var'}", f"data={patients}", *DIABETES)
    result = launch.run(*settings, variables={"MLFLOW_TRACKING_URI": ""}, report=lines.append)
    assert Path(result["bundle"], "manifest.json").is_file()
    assert lines[0] == "[1/5] make_data"


def test_a_failure_has_the_exit_code_and_its_reason_is_reported() -> None:
    lines: list[str] = []
    with pytest.raises(launch.LaunchError, match="training ended with code 2") as caught:
        launch.run("max_dpeth=3", report=lines.append)
    assert caught.value.code == 2
    assert "'max_depth'" in lines[-1]


def test_without_a_report_progress_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(launch.LaunchError):
        launch.run("max_dpeth=3")
    assert "'max_depth'" in capfd.readouterr().err


def test_an_interrupt_ends_the_training_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[subprocess.Popen[str]] = []

    class Recorded(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__([sys.executable, "-c", "import time; time.sleep(60)"], **options)
            started.append(self)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    with pytest.raises(KeyboardInterrupt):
        launch.run(f"output={tmp_path}")
    assert started[0].returncode == -signal.SIGTERM


def test_it_needs_the_standard_library_alone() -> None:
    """Programs without a virtual environment start a training."""
    check = "import sys, training.launch; sys.exit(bool({'numpy', 'yaml', 'mlflow'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", check], cwd=launch.ROOT, check=True)
