"""tools/need.sh and tools/python.sh: silent if nothing is missing; otherwise a message says what to install."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole PATH: a system with a shell, without apt-get."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "id"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return folder


def program(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{body}\n")
    (path / name).chmod(0o755)


def python(path: Path, name: str, version: str) -> None:
    """Make a program that answers tools/python.sh like a Python of this version."""
    good = version in {"3.11", "3.12", "3.13"}
    program(path, name, f"case $2 in *%*version_info*) echo {version};; *version_info*) exit {0 if good else 1};; esac")


def run(path: Path, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("sh") or "sh", str(TOOLS / script), *arguments]
    return subprocess.run(command, env={"PATH": str(path), **environment}, check=False, capture_output=True, text=True)


def test_what_is_there_is_not_mentioned(path: Path) -> None:
    done = run(path, "need.sh", "sh:dash", "id:coreutils")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_missing_is_named_where_there_is_no_apt(path: Path) -> None:
    done = run(path, "need.sh", "sh:dash", "wrk:wrk", "dockerd:docker.io")
    assert done.returncode == 1
    assert (
        done.stderr
        == "slipway: these packages are missing (Debian's names): wrk docker.io. Install them and try again.\n"
    )


def test_a_user_without_root_reads_what_to_type(path: Path) -> None:
    program(path, "apt-get", "exit 99")
    (path / "id").unlink()
    program(path, "id", "echo 1000")
    done = run(path, "need.sh", "wrk:wrk")
    assert done.returncode == 1
    assert done.stderr == "slipway: these packages are missing: wrk. Run: sudo apt-get install wrk\n"


def test_the_newest_python_that_fits_and_runs_is_taken(path: Path) -> None:
    program(path, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    python(path, "python3.11", "3.11")
    python(path, "python3", "3.14")
    assert run(path, "python.sh").stdout == f"{path}/python3.11\n"


def test_a_python_may_be_named(path: Path) -> None:
    python(path, "python3.13", "3.13")
    python(path, "mine", "3.12")
    assert run(path, "python.sh", PYTHON="mine").stdout == "mine\n"


def test_a_python_that_was_named_and_does_not_fit_is_refused_with_its_name(path: Path) -> None:
    python(path, "python3.13", "3.13")
    python(path, "old", "3.9")
    done = run(path, "python.sh", PYTHON="old")
    assert done.returncode == 1
    assert done.stderr == "slipway: PYTHON=old is not a working Python 3.11, 3.12 or 3.13\n"


def test_without_any_python_the_message_names_the_package(path: Path) -> None:
    python(path, "python3", "3.9")
    done = run(path, "python.sh")
    assert done.returncode == 1
    assert "python3" in done.stderr


def test_a_python_without_its_installer_asks_for_debians_package(path: Path) -> None:
    program(path, "python3", "case $2 in *%*version_info*) echo 3.11;; *ensurepip*) exit 1;; esac")
    done = run(path, "python.sh")
    assert done.returncode == 1
    assert "python3.11-venv" in done.stderr
