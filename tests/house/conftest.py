"""A copy of the checkout to try things in, as a fresh clone would be."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What one `make` tells the `make`s that it calls.
INHERITED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS")


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment, as a person's terminal would have it."""
    return {key: value for key, value in os.environ.items() if key not in INHERITED and not key.startswith("SLIPWAY_")}


@pytest.fixture
def clone(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A clone with the files as they are now, committed or not."""
    place = tmp_path / "clone"
    git = ["git", "-c", "safe.directory=*"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", ROOT, place], check=True, env=environment)
    listing = [*git, "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    for name in filter(None, names.split("\0")):
        target = place / name
        if (ROOT / name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        else:
            target.unlink(missing_ok=True)
    return place


@pytest.fixture
def tracked() -> Callable[[str], list[Path]]:
    """The files that git has, or would take, by a pattern."""

    def match(pattern: str) -> list[Path]:
        listing = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "--cached", "--others"]
        command = [*listing, "--exclude-standard", "-z", "--", pattern]
        names = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]

    return match
