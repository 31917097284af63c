"""Kills a process between two of its writes: by Python's audit events, in the process itself."""

import os
import signal
import sys
from typing import Any

CHANGES = (
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.truncate", "os.chmod"),
    # A child process writes too, so a kill between two of these is a kill between two writes.
    *("subprocess.Popen", "shutil.rmtree"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def kill_at(number: int) -> None:
    """Kill this process before its change of this number, counted from 0."""
    left = number

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if not _is_change(event, arguments):
            return
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    sys.addaudithook(watch)


def _is_change(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        _, mode, flags = arguments
        return bool(flags & WRITES) if mode is None else bool(set(str(mode)) & set("wax+"))
    # Do not count each file of a folder that is removed as a whole.
    inside = event in ("os.remove", "os.rmdir") and arguments[1] != -1
    return event in CHANGES and not inside
