"""Every process below this one. Ansible's workers leave their process group: killing that is not enough."""

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ENDS_WITHIN_SECONDS = 10.0


def adopt() -> None:
    """Have every process below this one stay below it, also when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end() -> None:
    """End what runs below this process: politely, then not."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        told: set[int] = set()
        while (running := below()) and time.monotonic() < deadline:
            for pid in running - told:
                with suppress(ProcessLookupError):  # it ended meanwhile
                    os.kill(pid, sent)
            told |= running
            time.sleep(0.05)


def below() -> set[int]:
    """Every process below this one that has not ended."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            # The name before it stands in parentheses and may hold anything, a parenthesis too.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    return {pid for pid in parents if _is_below(pid, parents)}


def _is_below(pid: int, parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) and pid != os.getpid():
        pass
    return pid == os.getpid()
