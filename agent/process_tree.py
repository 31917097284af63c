"""The processes that a run started. Killing the process group is not enough: Ansible's workers leave it."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from agent.process import MARK

PR_SET_CHILD_SUBREAPER = 36
ENDS_WITHIN_SECONDS = 10.0


def adopt() -> None:
    """Make this process the new parent of its descendants whose own parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(find: Callable[[], set[int]]) -> set[int]:
    """End the processes that `find` returns: by SIGTERM, then by SIGKILL. Return those that were found."""
    ended: set[int] = set()
    for sent in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        signalled: set[int] = set()
        while (running := find()) and time.monotonic() < deadline:
            for pid in running - signalled:
                with suppress(ProcessLookupError):  # it ended meanwhile
                    os.kill(pid, sent)
            signalled |= running
            time.sleep(0.05)
        ended |= signalled
    return ended


def below(roots: Collection[int] = ()) -> set[int]:
    """Return the running descendants of these processes, by default of this one."""
    above = set(roots) or {os.getpid()}
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            # The program's name comes first, in parentheses, and may itself contain parentheses.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    return {pid for pid in parents if _is_below(pid, above, parents)}


def marked(data: Path) -> set[int]:
    """Return the processes that runs with this data folder started, and their descendants, but not this process."""
    wanted = f"{MARK}={data}".encode()
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        # It ended meanwhile, or belongs to another user (if the agent does not run as root).
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    found.discard(os.getpid())
    return found | (below(found) - {os.getpid()} if found else set())


def _is_below(pid: int, above: set[int], parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) and pid not in above:
        pass
    return pid in above
