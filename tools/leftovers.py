"""What tests leave behind when they fail or are interrupted: containers, networks, processes; ours and no other."""

import ctypes
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from common import identity, say

LABEL = f"slipway.tests={identity()}"
KINDS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("container", ["--all"], ["rm", "--force", "--volumes"]),
    ("network", [], ["rm"]),
    ("volume", [], ["rm", "--force"]),
)
PR_SET_CHILD_SUBREAPER = 36
ENDS_WITHIN_SECONDS = 10


def remove_containers() -> None:
    """Remove the containers, networks and volumes that bear the label of this checkout's tests."""
    for kind, listing, remove in KINDS:
        command = ["docker", kind, "ls", "--quiet", "--filter", f"label={LABEL}", *listing]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        if found:
            say(f"removing {len(found)} {kind}(s) that tests left")
            subprocess.run(["docker", kind, *remove, *found], check=True, stdout=subprocess.DEVNULL)


def adopt() -> None:
    """Have every process below this one stay below it, also when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_processes() -> None:
    """End what still runs below this process: politely, then not."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        reap()
        left = descendants()
        if left:
            say(f"sending {sent.name} to {len(left)} process(es) that were left: {', '.join(sorted(left.values()))}")
        for pid in left:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, sent)
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while left and descendants() and time.monotonic() < deadline:
            reap()
            time.sleep(0.05)


def descendants() -> dict[int, str]:
    """Every process below this one, with its program's name."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            # The name stands in parentheses and may hold anything, a parenthesis too.
            head, _, tail = (folder / "stat").read_text().rpartition(")")
            names[int(folder.name)] = head.partition("(")[2]
            parents[int(folder.name)] = int(tail.split()[1])
    return {pid: name for pid, name in names.items() if is_below(pid, parents)}


def is_below(pid: int, parents: dict[int, int]) -> bool:
    """Whether this process is among the ancestors of `pid`."""
    while (pid := parents.get(pid, 0)) and pid != os.getpid():
        pass
    return pid == os.getpid()


def reap() -> None:
    """Collect those that ended."""
    with suppress(ChildProcessError):  # none left
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
