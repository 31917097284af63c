"""A fresh clone of the checkout."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clones import make

ROOT = Path(__file__).resolve().parents[2]
# Variables that one `make` passes on to another.
INHERITED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS")


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a person's terminal."""
    return {key: value for key, value in os.environ.items() if key not in INHERITED and not key.startswith("SLIPWAY_")}


@pytest.fixture
def clone(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A clone with all uncommitted changes."""
    return make(tmp_path / "clone", environment)


@pytest.fixture
def tracked() -> Callable[[str], list[Path]]:
    """Return a function that lists the files that git tracks or would add, by a pattern."""

    def match(pattern: str) -> list[Path]:
        listing = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "--cached", "--others"]
        command = [*listing, "--exclude-standard", "-z", "--", pattern]
        names = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]

    return match
