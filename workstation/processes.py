"""Processes of this computer: what one runs, and ending all that are left."""

import os
from contextlib import suppress
from pathlib import Path

# The agent runs on a bare host, without the rest of this repository, so the process tree is its own module.
from agent import process_tree
from workstation.terminal import log


def program(pid: int) -> str:
    """Return the name of the program that a process runs, "" where it has ended."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # A zombie stays in the table until its parent asks for its exit code.
    return "" if rest.split()[0] == "Z" else name


def end_all() -> None:
    """End every process below this one: first by SIGTERM, then by SIGKILL."""
    if left := process_tree.below():
        log(f"ending {len(left)} process(es) that still run: {', '.join(sorted(map(program, left)))}")
        process_tree.end(process_tree.below)
        with suppress(ChildProcessError):  # no child left
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
