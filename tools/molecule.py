"""Tests roles on fresh machines: `make molecule`, or `make molecule ROLE=gateway`."""

import os
import subprocess
import sys

from common import ROOT, identity, say
from engine import engine

SCENARIOS = ROOT / "molecule"


def roles() -> list[str]:
    """Return the roles that have a scenario, those that others stand on first."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def run(role: str, **given: str) -> int:
    """Return the exit code of Molecule for a role."""
    environment = os.environ | given | {
        "SLIPWAY_ROOT": str(ROOT),
        "SLIPWAY_MACHINE": f"slipway-molecule-{identity()}-{role}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(ROOT / "var" / "molecule" / role),
        "ANSIBLE_HOME": str(ROOT / "var" / "molecule" / "ansible"),
        # Molecule and Ansible stand beside this Python.
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
    }
    command = ["molecule", "--base-config", str(SCENARIOS / "base.yml"), "test", "--no-command-borders", "--scenario-name", role]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def main(*names: str) -> None:
    """Test the roles; those that were not named too, where none was."""
    known = roles()
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"slipway: ROLE={unknown[0]!r}: wanted one of {', '.join(known)}")
    with engine():
        failed = [role for role in names or known if run(role)]
    if failed:
        raise SystemExit(f"slipway: {', '.join(failed)}: does not hold; see above")
    say("all of it holds")


if __name__ == "__main__":
    main(*sys.argv[1:])
