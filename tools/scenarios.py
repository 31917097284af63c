"""Tests roles on fresh machines: `make molecule`, or `make molecule ROLE=gateway`."""

import contextlib
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
from shelf import Shelf, shelf
from supplies import IMAGES, supply

SCENARIOS = ROOT / "molecule"
# What Molecule and the scenarios keep while they run.
KEPT = ROOT / "var" / "molecule"
AT_ONCE = 2


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

    def __init__(self, pool: ThreadPoolExecutor, images: Shelf | None, names: list[str]) -> None:
        self._images = images
        self._started: list[subprocess.Popen[str]] = []
        # Those with an image first: they take longest.
        ordered = sorted(names, key=lambda role: role not in IMAGES)
        self.outcomes = {role: pool.submit(self._run, role) for role in ordered}

    def _run(self, role: str) -> tuple[int, str]:
        command = ["molecule", "--base-config", str(SCENARIOS / "base.yml"), "test", "--no-command-borders"]
        command += ["--scenario-name", role]
        given = supply(role, self._images) if role in IMAGES and self._images else ((), {})
        told = environment(role, *given)
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
    make("host")
    with contextlib.ExitStack() as stack:
        images = stack.enter_context(shelf("molecule")) if IMAGES.keys() & set(names) else None
        runs = Runs(stack.enter_context(ThreadPoolExecutor(AT_ONCE)), images, names)
        try:
            yield runs
        finally:
            runs.end()


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
