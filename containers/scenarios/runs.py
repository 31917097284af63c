"""Runs of scenarios: two at once, each by Molecule in a process of its own."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from containers import machines
from containers.images import make
from containers.scenarios.inputs import IMAGES, Inputs, inputs_for
from containers.temporary_registry import TemporaryRegistry, temporary_registry
from workstation.paths import ROOT, identity

SCENARIOS = ROOT / "molecule"
# Where Molecule and the scenarios write while they run.
WORKING = ROOT / "var" / "molecule"
AT_ONCE = 2


def roles() -> list[str]:
    """Return the roles that have a scenario."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def environment(role: str, inputs: Inputs) -> dict[str, str]:
    """Return the environment that Molecule and the scenarios' playbooks read."""
    return {
        **os.environ,
        "SLIPWAY_ROOT": str(ROOT),
        "SLIPWAY_MACHINE": machine(role),
        "SLIPWAY_MACHINE_OPTIONS": " ".join(inputs.options),
        "SLIPWAY_OVERRIDES": json.dumps(inputs.variables),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(WORKING / role),
        "ANSIBLE_HOME": str(WORKING / role / "ansible"),
        "NO_COLOR": "1",
        # Molecule and Ansible are installed beside this Python.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def machine(role: str) -> str:
    """Return the name of a role's machine."""
    return f"slipway-molecule-{identity()}-{role}"


class Runs:
    """Scenarios that run now; `outcomes` gives Molecule's exit code and output for each."""

    def __init__(self, pool: ThreadPoolExecutor, registry: TemporaryRegistry | None, names: list[str]) -> None:
        self._registry = registry
        self._started: list[subprocess.Popen[str]] = []
        # Those with an image first: they take longest.
        ordered = sorted(names, key=lambda role: role not in IMAGES)
        self.outcomes = {role: pool.submit(self._run, role) for role in ordered}

    def _run(self, role: str) -> tuple[int, str]:
        command = ["molecule", "--base-config", str(SCENARIOS / "base.yml"), "test", "--no-command-borders"]
        command += ["--scenario-name", role]
        variables = environment(role, inputs_for(role, self._registry))
        try:
            with subprocess.Popen(
                command, cwd=ROOT, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process:
                self._started.append(process)
                output, _ = process.communicate()
            return process.returncode, output
        finally:
            # An interrupted Molecule leaves its machine behind.
            machines.remove(machine(role))

    def end(self) -> None:
        """End the scenarios that nobody waits for any more."""
        for outcome in self.outcomes.values():
            outcome.cancel()
        for process in self._started:
            if process.poll() is None:
                process.terminate()


@contextlib.contextmanager
def running(names: list[str]) -> Iterator[Runs]:
    """Run the scenarios in the background, two at once: half of their time they wait for a machine."""
    make("host")
    with contextlib.ExitStack() as stack:
        needs_registry = IMAGES.keys() & set(names)
        registry = stack.enter_context(temporary_registry("molecule")) if needs_registry else None
        runs = Runs(stack.enter_context(ThreadPoolExecutor(AT_ONCE)), registry, names)
        try:
            yield runs
        finally:
            runs.end()
