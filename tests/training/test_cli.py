"""The command line of every step."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from app.bundle import BundleError
from training import cli
from training.__main__ import STEPS
from training.config import ROOT, Config
from training.errors import ConfigError, TrainingError

MODULES = ["training", *(f"training.{step}" for step in (*STEPS, "predict"))]


@pytest.mark.parametrize("module", MODULES)
def test_each_step_runs_by_name_and_its_help_imports_nothing_slow(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: python -m {module} ")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"mlflow", "xgboost", "matplotlib", "sklearn", "pandas", "boto3"}
    if module != "training.predict":
        assert all(f"\n  {item.name}=" in done.stdout for item in fields(Config))


@pytest.mark.parametrize(
    ("error", "code"),
    [(TrainingError("reason"), 1), (BundleError("reason"), 1), (ConfigError("reason"), 2), (OSError("reason"), 1)],
)
def test_an_error_is_one_line_and_an_exit_code(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> dict[str, object]:
        raise error

    assert cli.report(fail) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: reason\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_prints_no_traceback(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)

    def interrupt() -> dict[str, object]:
        signal.raise_signal(number)
        return {}

    assert cli.report(interrupt) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
    assert signal.getsignal(number) is before


def test_the_settings_of_a_step_come_from_file_and_arguments(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("seed: 4\nmax_depth: 4\n")
    arguments = cli.parser("train", "Trains.").parse_args(["--config", str(file), "seed=5"])
    config = cli.config_of(arguments)
    assert (config.seed, config.max_depth) == (5, 4)


def test_settings_and_options_come_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("max_depth: 4\n")
    arguments = cli.parser("train", "Trains.").parse_intermixed_args(["seed=5", "--config", str(file), "rounds=7"])
    config = cli.config_of(arguments)
    assert (config.seed, config.max_depth, config.rounds) == (5, 4, 7)


def test_a_result_is_one_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.report(lambda: {"rows": 1}) == 0
    assert capsys.readouterr().out == '{"rows": 1}\n'
