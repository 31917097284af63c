"""A rehearsal in a fresh clone, driven by `make` as a person does it."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from containers.docker import docker
from containers.labels import TESTS as LABEL
from rehearsal import state
from rehearsal.checkout import Checkout
from rehearsal.follow import Failed, until_applied
from rehearsal.host import Host
from rehearsal.progress import Progress
from rehearsal.release_file import folder_sha256
from rehearsal.releases import Releases
from rehearsal.remote import RELEASE, Remote

INHERITED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS", "MODEL", "IMAGE")
Rows = list[list[float]]


def releasing(checkout: Checkout) -> Releases:
    """Return the object behind `make release`."""
    return Releases(checkout, state.read(checkout), Progress(io.StringIO()))


class Chain:
    """A rehearsal, and what a person does with it."""

    def __init__(self, root: Path) -> None:
        """Nothing runs yet."""
        self.first_release = ""  # release.yml as `make up` committed it
        self.checkout = Checkout(root, hashlib.sha256(str(root).encode()).hexdigest()[:8])
        self.host = self.checkout.named("host")
        environment = {key: value for key, value in os.environ.items() if key not in INHERITED}
        self.environment = environment | {"MACHINE_LABEL": LABEL}

    def make(self, *arguments: str, code: int = 0) -> str:
        """Run make and return its output."""
        done = self._run(["make", *arguments], self.environment)
        assert done.returncode == code, done.stdout
        return done.stdout

    def status(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        command = [sys.executable, "-m", "rehearsal", "status", "--json"]
        # Its exit code is 1 if something does not answer, which some tests expect.
        done = subprocess.run(
            command, cwd=self.checkout.root, env=self.environment, check=False, stdout=subprocess.PIPE
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def train(self, *settings: str) -> Path:
        """Train with the host's MLflow and the file with its login; return the bundle."""
        line = f'set -a; . "{self.checkout.credentials}"; exec "$0" -m training "$@"'
        output = f"output={self.checkout.training}"
        command = ["sh", "-c", line, sys.executable, "allow_generated=true", output, *settings]
        done = subprocess.run(
            command, cwd=self.checkout.root, env=self.environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return Path(json.loads(done.stdout.splitlines()[-1])["bundle"])

    def bundle(self, version: str) -> Path:
        """Return the bundle of a version."""
        return self.checkout.training / "models" / "california" / version

    def release(self) -> str:
        """Return the content of release.yml on the branch."""
        return Remote(self.checkout).read(RELEASE)

    def release_by_hand(self, text: str) -> str:
        """Commit a release.yml without any check; return the message about its failure."""
        before = releasing(self.checkout).serving()
        commit = Remote(self.checkout).change({RELEASE: text}, "Release by hand\n")
        try:
            until_applied(Host(self.checkout), commit, Progress(io.StringIO()))
        except Failed as failed:
            return f"{failed} {releasing(self.checkout).outcome(before)}"
        raise AssertionError("it was applied")

    def sha256(self, version: str) -> str:
        """Return the pin of a version."""
        return folder_sha256(self.bundle(version))

    def on_host(self, *command: str) -> str:
        """Return the output of a command on the host."""
        return docker("exec", self.host, *command)

    def _run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.checkout.root,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def rows(bundle: Path) -> Rows:
    """Return golden rows without missing values."""
    found = json.loads((bundle / "golden.json").read_text())["rows"]
    return [row for row in found if None not in row]


def xgboosts_own(bundle: Path, rows: Rows) -> list[float]:
    """Return XGBoost's own predictions for the rows."""
    booster = xgboost.Booster(model_file=str(bundle / "model.ubj"))
    names = booster.feature_names
    found = booster.predict(xgboost.DMatrix(np.array(rows), feature_names=names))
    return [float(value) for value in found]
