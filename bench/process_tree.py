"""Reads the CPU time and memory of a process tree and the CPU time of the machine from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.process_tree import below

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Memory in MB (10^6 bytes). PSS splits a shared page between its processes, RSS counts it in each."""

    pss: float
    rss: float

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss)


def tree(root: int) -> list[int]:
    """Return the root, then every living descendant."""
    return [root, *sorted(below({root}))]


def alive(pid: int) -> bool:
    """Return whether the process runs. A zombie does not."""
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def cpu_seconds(root: int) -> float:
    """Return the user and system seconds of the whole tree, without children that ended but were not waited for."""
    return sum(sum(map(int, stat[11:15])) for pid in tree(root) if (stat := _stat(pid))) * TICK


def memory(pid: int) -> Memory:
    fields = dict(line.split(":", 1) for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:])
    return Memory(*(int(fields[name].split()[0]) * 1024 / 1e6 for name in ("Pss", "Rss")))


def machine_cpu_seconds() -> float:
    """Return the busy seconds of all cores since boot: user, nice, system, and stolen by other virtual machines.

    Interrupts do not count, because they belong to no process.
    """
    first = (PROC / "stat").read_text().split("\n", 1)[0].split()
    return sum(int(first[index]) for index in (1, 2, 3, 8)) * TICK


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat from the state on (utime to cstime are 11 to 14), None if it ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses, and may itself contain blanks and parentheses.
    return text.rpartition(")")[2].split()
