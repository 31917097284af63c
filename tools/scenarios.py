"""Tests roles on fresh machines: `make molecule`, or `make molecule ROLE=gateway`."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import machine
from common import ROOT, identity, say
from engine import engine
from image import make
from shelf import ADDRESS, Shelf, shelf

SCENARIOS = ROOT / "molecule"
# What Molecule and the scenarios keep while they run.
KEPT = ROOT / "var" / "molecule"
# Roles that run images, and which.
IMAGES = {"mlflow": "mlops", "api": "api"}
AT_ONCE = 2
MODEL = "california"
BUNDLE = "/srv/bundle"
# What the machine of a role is started with, and what the playbook is told in place of what the environment says.
Supply = tuple[tuple[str, ...], dict[str, Any]]
Given = dict[str, Supply]


def roles() -> list[str]:
    """Return the roles that have a scenario."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def environment(role: str, options: tuple[str, ...], overrides: dict[str, Any]) -> dict[str, str]:
    """Return what Molecule and the scenarios' playbooks are told."""
    return {
        **os.environ,
        "SLIPWAY_ROOT": str(ROOT),
        "SLIPWAY_MACHINE": named(role),
        "SLIPWAY_MACHINE_OPTIONS": " ".join(options),
        "SLIPWAY_OVERRIDES": json.dumps(overrides),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(KEPT / role),
        "ANSIBLE_HOME": str(KEPT / role / "ansible"),
        "NO_COLOR": "1",
        # Molecule and Ansible stand beside this Python.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def named(role: str) -> str:
    """Return the name of a role's machine."""
    return f"slipway-molecule-{identity()}-{role}"


class Runs:
    """Scenarios under way, each with its outcome: Molecule's exit code and what it printed."""

    def __init__(self, pool: ThreadPoolExecutor, given: Given, names: list[str]) -> None:
        self._given = given
        self._started: list[subprocess.Popen[str]] = []
        self.outcomes = {role: pool.submit(self._run, role) for role in names}

    def _run(self, role: str) -> tuple[int, str]:
        command = ["molecule", "--base-config", str(SCENARIOS / "base.yml"), "test", "--no-command-borders"]
        command += ["--scenario-name", role]
        told = environment(role, *self._given.get(role, ((), {})))
        try:
            with subprocess.Popen(
                command, cwd=ROOT, env=told, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process:
                self._started.append(process)
                said, _ = process.communicate()
            return process.returncode, said
        finally:
            # One that was interrupted leaves its machine.
            machine.remove(named(role))

    def end(self) -> None:
        """End those that nobody waits for any more."""
        for outcome in self.outcomes.values():
            outcome.cancel()
        for process in self._started:
            if process.poll() is None:
                process.terminate()


@contextlib.contextmanager
def running(names: list[str]) -> Iterator[Runs]:
    """Have the scenarios run, two at once: half of their time they wait for a machine."""
    with supplies(names) as given, ThreadPoolExecutor(AT_ONCE) as pool:
        runs = Runs(pool, given, names)
        try:
            yield runs
        finally:
            runs.end()


@contextlib.contextmanager
def supplies(names: list[str]) -> Iterator[Given]:
    """Have the image of the machines, and what the roles' are given besides: images by digest, a bundle."""
    make("host")
    if not IMAGES.keys() & set(names):
        yield {}
        return
    with shelf("molecule") as images:
        yield {role: supply(role, images) for role in names if role in IMAGES}


def supply(role: str, images: Shelf) -> Supply:
    """Return the options and overrides of a role that runs an image."""
    reference = images.put(IMAGES[role])
    options, overrides = ("--network", images.network), {"docker_insecure_registries": [ADDRESS]}
    if role == "mlflow":
        return options, overrides | {"mlflow_image": reference}
    folder = bundle()
    pin = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    models = {MODEL: {"uri": f"file://{BUNDLE}", "sha256": pin}}
    release = {"image": reference, "default_model": MODEL, "models": models}
    return (*options, "--volume", f"{folder}:{BUNDLE}:ro"), overrides | {"release": release}


def bundle() -> Path:
    """Train a small model and return its bundle."""
    command = [sys.executable, "-m", "training", "allow_generated=true", f"output={KEPT / 'training'}", "rounds=20"]
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    return Path(json.loads(done.stdout)["bundle"])


def main(*names: str) -> None:
    """Test the roles, all where none is named."""
    known = roles()
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"slipway: ROLE={unknown[0]!r}: wanted one of {', '.join(known)}")
    wanted, failed = list(names) or known, []
    with engine(), running(wanted) as runs:
        for role, outcome in runs.outcomes.items():
            code, said = outcome.result()
            print(said, flush=True)
            failed += [role] if code else []
    if failed:
        raise SystemExit(f"slipway: {', '.join(failed)}: does not hold; see above")
    say("all of it holds")


if __name__ == "__main__":
    main(*sys.argv[1:])
