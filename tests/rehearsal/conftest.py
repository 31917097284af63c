"""Fixtures of the rehearsal's tests: a small checkout, and a chain that `make up` has started.

`make up` takes minutes, so it runs once per session (`booted`), and every test module that wants a host shares it:

- A module asks for `chain`. Its first test finds version 1 of the model released as `models:/california/1` and being
  served, and the agent in sync. The tests of a module may build on one another, in their order.
- A module has to restore that state. `chain` checks this after its last test: if a test failed, `chain` restores the
  state for the next module; if all tests passed but the state differs, that is an error of the module.
- `second` is the number of a second version in MLflow's registry, trained once and never changed. A test that needs
  another one, for example to damage it, trains it (`chain.train`) and takes its number from the bundle's folder.
- `make down` is tested in test_down.py, which runs after all others.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.checkout import Checkout
from rehearsal.remote import Remote
from tests import clones
from tests.rehearsal.assertions import at_version_1, restore
from tests.rehearsal.chain import Chain

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
def checkout(tmp_path: Path) -> Checkout:
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
    made = Checkout(root, "0123abcd")
    made.folder.mkdir(parents=True)
    return made


@pytest.fixture
def remote(checkout: Checkout) -> Remote:
    """The repository that the host follows."""
    return Remote(checkout)


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A clone where `make up` has run, once for all modules."""
    made = Chain(clones.make(tmp_path_factory.mktemp("rehearsal") / "clone", os.environ))
    try:
        made.make("up")
        made.first_release = made.release()
        yield made
    finally:
        made.make("down")
        tags = [f"slipway-{name}:{made.checkout.identity}" for name in ("host", "api", "mlops")]
        subprocess.run(["docker", "image", "rm", *tags], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def chain(request: pytest.FixtureRequest, booted: Chain) -> Iterator[Chain]:
    """The booted chain, serving version 1 and in sync before the module and after it."""
    failed = request.session.testsfailed
    yield booted
    if request.session.testsfailed > failed:
        restore(booted)
    at_version_1(booted)


@pytest.fixture(scope="session")
def second(booted: Chain) -> str:
    """The number of a second version, with other predictions."""
    return booted.train("max_depth=4", "rounds=60").name
