"""Test roles on fresh machines: `make molecule`, or `make molecule ROLE=gateway`."""

from containers.engine import engine
from containers.scenarios.runs import roles, running
from workstation import terminal
from workstation.errors import CommandError
from workstation.terminal import log


def main(*names: str) -> None:
    """Run the scenarios of these roles, all of them if none is named."""
    known = roles()
    if unknown := [name for name in names if name not in known]:
        raise CommandError(f"ROLE={unknown[0]!r}: unknown role, wanted one of {', '.join(known)}")
    wanted, failed = list(names) or known, []
    with engine(), running(wanted) as runs:
        for role, outcome in runs.outcomes.items():
            code, output = outcome.result()
            print(output, flush=True)
            failed += [role] if code else []
    if failed:
        raise CommandError(f"failed: {', '.join(failed)}; Molecule's output is above")
    log(f"passed: {', '.join(wanted)}")


if __name__ == "__main__":
    terminal.run(main)
