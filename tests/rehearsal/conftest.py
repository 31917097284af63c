"""A checkout of somebody's, with a rehearsal of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from rehearsal.place import Place
from rehearsal.remote import Remote

SETTINGS = "# One machine.\nbranch: local\nmlflow_image: old\npull_interval_seconds: 10\n"
RELEASE = "# Nothing is released yet.\n"


def git(folder: Path, *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    who = ["-c", "user.name=A Person", "-c", "user.email=person@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A checkout with one commit."""
    root = tmp_path / "a checkout"
    (root / "environments").mkdir(parents=True)
    (root / "environments" / "local.yml").write_text(SETTINGS)
    (root / "release.yml").write_text(RELEASE)
    (root / ".gitignore").write_text("/var/\n*.secret\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "Begin")
    made = Place(root, "0123abcd")
    made.folder.mkdir(parents=True)
    return made


@pytest.fixture
def remote(place: Place) -> Remote:
    """The repository that its host follows."""
    return Remote(place)
