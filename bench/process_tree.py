"""CPU time and memory of a process and all its descendants, and the machine's, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.process_tree import below

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """MB (10^6 bytes). PSS counts a shared page once, in parts; RSS counts it in every process."""

    pss: float
    rss: float

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss)


def tree(root: int) -> list[int]:
    """The root first, then every descendant that is alive."""
    return [root, *sorted(below({root}))]


def alive(pid: int) -> bool:
    """Whether it runs; one that is dead and only not waited for does not."""
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def cpu_seconds(root: int) -> float:
    """User and system seconds of the whole tree so far; only children that are gone but not waited for are left out."""
    return sum(sum(map(int, stat[11:15])) for pid in tree(root) if (stat := _stat(pid))) * TICK


def memory(pid: int) -> Memory:
    fields = dict(line.split(":", 1) for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:])
    return Memory(*(int(fields[name].split()[0]) * 1024 / 1e6 for name in ("Pss", "Rss")))


def machine_cpu_seconds() -> float:
    """Seconds of all cores since boot: user, nice, system, and stolen by the machine's other guests.

    Interrupts are left out: they belong to no process.
    """
    first = (PROC / "stat").read_text().split("\n", 1)[0].split()
    return sum(int(first[index]) for index in (1, 2, 3, 8)) * TICK


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on (ppid is 1, utime to cstime 11 to 14); None once it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold blanks and brackets itself.
    return text.rpartition(")")[2].split()
