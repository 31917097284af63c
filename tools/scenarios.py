"""Tests roles on fresh machines: `make molecule`, or `make molecule ROLE=gateway`."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
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
MODEL = "california"
BUNDLE = "/srv/bundle"
# What the machine of a role is started with, and what the playbook is told in place of what the environment says.
Supply = tuple[tuple[str, ...], dict[str, Any]]
Given = dict[str, Supply]


def roles() -> list[str]:
    """Return the roles that have a scenario."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def run(role: str, options: tuple[str, ...] = (), overrides: dict[str, Any] | None = None) -> int:
    """Return the exit code of Molecule for a role; `options` are for the machine, `overrides` for the playbook."""
    environment = {
        **os.environ,
        "SLIPWAY_ROOT": str(ROOT),
        "SLIPWAY_MACHINE": f"slipway-molecule-{identity()}-{role}",
        "SLIPWAY_MACHINE_OPTIONS": " ".join(options),
        "SLIPWAY_OVERRIDES": json.dumps(overrides or {}),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(KEPT / role),
        "ANSIBLE_HOME": str(KEPT / "ansible"),
        # Molecule and Ansible stand beside this Python.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["molecule", "--base-config", str(SCENARIOS / "base.yml"), "test", "--no-command-borders"]
    done = subprocess.run([*command, "--scenario-name", role], cwd=ROOT, env=environment, check=False)
    # An interrupted Molecule leaves its machine.
    machine.remove(environment["SLIPWAY_MACHINE"])
    return done.returncode


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
    wanted = list(names) or known
    with engine(), supplies(wanted) as given:
        failed = [role for role in wanted if run(role, *given.get(role, ()))]
    if failed:
        raise SystemExit(f"slipway: {', '.join(failed)}: does not hold; see above")
    say("all of it holds")


if __name__ == "__main__":
    main(*sys.argv[1:])
