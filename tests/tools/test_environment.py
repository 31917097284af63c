"""tools/environment.py: one complete virtual environment for all clones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Making a virtual environment takes about ten seconds.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an empty lock, so that no package is fetched."""
    root = tmp_path / "checkout"
    for name in ("tools", "workstation"):
        shutil.copytree(ROOT / name, root / name)
    (root / "requirements").mkdir()
    (root / "requirements" / "empty.txt").write_text("# nothing\n")
    return root


def start(checkout: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.environment", "empty"]
    cache = {**environment, "XDG_CACHE_HOME": str(checkout.parent / "cache")}
    return subprocess.Popen(command, cwd=checkout, env=cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(checkout: Path, environment: dict[str, str]) -> tuple[Path, str]:
    """Return the path that it prints, and its messages."""
    process = start(checkout, environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return Path(out.strip()), err


@pytest.fixture
def made(checkout: Path, environment: dict[str, str]) -> tuple[Path, str]:
    """The environment's path and the messages, made while Python must not write bytecode."""
    return run(checkout, environment | {"PYTHONDONTWRITEBYTECODE": "1"})


def test_it_is_made_once_compiled_and_then_found_in_silence(
    made: tuple[Path, str], checkout: Path, environment: dict[str, str]
) -> None:
    path, said = made
    assert "making a virtual environment" in said
    assert " s\n" in said
    assert subprocess.run([path / "bin" / "python", "-c", ""], check=False).returncode == 0
    assert list(path.glob("lib/python3*/site-packages/pip/__pycache__/__init__*.pyc"))
    assert run(checkout, environment) == (path, "")


def test_one_that_was_interrupted_or_lost_its_python_is_made_anew(
    made: tuple[Path, str], checkout: Path, environment: dict[str, str]
) -> None:
    path, _ = made
    (path / "slipway-ready").unlink()
    (path / "half").write_text("of a file")
    assert run(checkout, environment)[0] == path
    assert not (path / "half").exists()

    for link in (path / "bin").glob("python*"):
        link.unlink()
    _, said = run(checkout, environment)
    assert "making a virtual environment" in said


def test_a_changed_lock_gets_its_own_and_those_that_nobody_used_for_a_month_go(
    made: tuple[Path, str], checkout: Path, environment: dict[str, str]
) -> None:
    before, _ = made
    old = before.with_name("venv-3.11.1-0123456789ab")
    old.mkdir()
    (old / "slipway-ready").touch()
    os.utime(old / "slipway-ready", (0, 0))
    # The last use counts, not the creation.
    os.utime(before / "slipway-ready", (0, 0))
    run(checkout, environment)
    (checkout / "requirements" / "empty.txt").write_text("# still nothing\n")
    after, said = run(checkout, environment)
    assert before != after
    assert before.exists()
    assert not old.exists()
    assert f"removing {old.name}" in said


def test_two_at_once_make_one(checkout: Path, environment: dict[str, str]) -> None:
    both = [start(checkout, environment) for _ in range(2)]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({out for out, _ in answers}) == 1
    assert sum("virtual environment made" in err for _, err in answers) == 1
    assert sum("waiting for it" in err for _, err in answers) == 1
