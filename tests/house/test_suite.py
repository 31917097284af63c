"""The tests pass in any environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_sigint_is_not_ignored_where_the_suite_was_started_with_that(environment: dict[str, str]) -> None:
    """A shell starts background jobs like that."""
    test = "tests/training/test_cli.py::test_an_interrupt_prints_no_traceback"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    line = 'trap \'\' INT; exec "$0" "$@"'
    done = subprocess.run(
        ["sh", "-c", line, *command], cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_clone_in_an_empty_environment_needs_no_data(clone: Path) -> None:
    """Without DATA or any variable of a person or of CI. The packages that use data serve as examples."""
    # HOME has the virtual environments, PATH has this Python.
    kept = {key: os.environ[key] for key in ("HOME", "PATH", "XDG_CACHE_HOME", "PYTHON") if key in os.environ}
    command = ["make", "unit", "ARGS=tests/training tests/bench tests/house"]
    done = subprocess.run(
        command, cwd=clone, env=kept, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
