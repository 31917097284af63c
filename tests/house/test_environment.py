"""tools/environment.py makes a virtual environment once, whole, for all clones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose lock asks for nothing, so that no package is fetched."""
    place = tmp_path / "checkout"
    (place / "tools").mkdir(parents=True)
    for name in ("environment.py", "common.py"):
        (place / "tools" / name).write_text((ROOT / "tools" / name).read_text())
    (place / "requirements").mkdir()
    (place / "requirements" / "empty.txt").write_text("# nothing\n")
    return place


def start(checkout: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, str(checkout / "tools" / "environment.py"), "empty"]
    cache = {**environment, "XDG_CACHE_HOME": str(checkout.parent / "cache")}
    return subprocess.Popen(command, env=cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(checkout: Path, environment: dict[str, str]) -> tuple[Path, str]:
    """Return the path it prints and what it says."""
    process = start(checkout, environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return Path(out.strip()), err


def test_it_is_made_once_and_then_found_in_silence(checkout: Path, environment: dict[str, str]) -> None:
    path, said = run(checkout, environment)
    assert "making a virtual environment" in said
    assert " s\n" in said
    assert subprocess.run([path / "bin" / "python", "-c", ""], check=False).returncode == 0
    assert run(checkout, environment) == (path, "")


def test_its_packages_are_compiled_whatever_the_environment_says(checkout: Path, environment: dict[str, str]) -> None:
    path, _ = run(checkout, environment | {"PYTHONDONTWRITEBYTECODE": "1"})
    assert list(path.glob("lib/python3*/site-packages/pip/__pycache__/__init__*.pyc"))


def test_a_changed_lock_gets_its_own(checkout: Path, environment: dict[str, str]) -> None:
    before, _ = run(checkout, environment)
    (checkout / "requirements" / "empty.txt").write_text("# still nothing\n")
    after, _ = run(checkout, environment)
    assert before != after
    assert before.exists()


def test_one_that_was_interrupted_is_made_anew(checkout: Path, environment: dict[str, str]) -> None:
    path, _ = run(checkout, environment)
    (path / "slipway-ready").unlink()
    (path / "half").write_text("of a file")
    assert run(checkout, environment)[0] == path
    assert not (path / "half").exists()


def test_one_whose_python_is_gone_is_made_anew(checkout: Path, environment: dict[str, str]) -> None:
    path, _ = run(checkout, environment)
    for link in (path / "bin").glob("python*"):
        link.unlink()
    _, said = run(checkout, environment)
    assert "making a virtual environment" in said


def test_those_that_nobody_used_for_a_month_go_when_another_is_made(
    checkout: Path, environment: dict[str, str]
) -> None:
    first, _ = run(checkout, environment)
    (checkout / "requirements" / "empty.txt").write_text("# still nothing\n")
    second, _ = run(checkout, environment)
    os.utime(first / "slipway-ready", (0, 0))
    os.utime(second / "slipway-ready", (0, 0))
    assert run(checkout, environment) == (second, "")
    (checkout / "requirements" / "empty.txt").write_text("# nothing yet\n")
    third, said = run(checkout, environment)
    assert f"removing {first.name}" in said
    assert not first.exists()
    assert second.exists()
    assert third.exists()


def test_two_at_once_make_one(checkout: Path, environment: dict[str, str]) -> None:
    both = [start(checkout, environment) for _ in range(2)]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({out for out, _ in answers}) == 1
    assert sum("virtual environment made" in err for _, err in answers) == 1
    assert sum("waiting for it" in err for _, err in answers) == 1
