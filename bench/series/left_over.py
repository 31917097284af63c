"""What a series leaves over: two inventories of the host, and the difference."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import LIMITS, Figure
from bench.series import inventory
from rehearsal.host import Host

SERVER = "host"
# The master and one worker. An old worker ends with its last connection, at the latest after hard-stop-after.
GATEWAY_PROCESSES = 2
SETTLES_WITHIN_SECONDS = 180.0
PAUSE_SECONDS = 1.0
Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Inventory:
    """The keys of inventory.py's `take`."""

    counts: Numbers
    processes: Numbers
    open_files: Numbers
    memory: Numbers

    def excess(self, before: "Inventory") -> dict[str, float]:
        """Return what there is more of than before, by name."""
        pairs = {
            "": (self.counts, before.counts),
            "process ": (self.processes, before.processes),
            "open files of ": (self.open_files, before.open_files),
        }
        return {
            f"{prefix}{name}": count - then.get(name, 0)
            for prefix, (now, then) in pairs.items()
            for name, count in now.items()
            if count > then.get(name, 0)
        }


def take(host: Host) -> Inventory:
    """Return what is on the host now."""
    program = Path(inventory.__file__).read_bytes()
    return Inventory(**json.loads(host.run("python3", "-", stdin=program)))


def settled(host: Host, before: Inventory | None = None) -> Inventory:
    """Return what is on the host once its processes rest; `before` makes it wait until there is no more than then.

    A client's last connection, a poll of the agent and Docker's own cleaning end on their own. After three minutes
    what is still there counts.
    """
    deadline = time.monotonic() + SETTLES_WITHIN_SECONDS
    found = take(host)
    while time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        last, found = found, take(host)
        rests = last.processes == found.processes and found.processes.get("haproxy") == GATEWAY_PROCESSES
        if rests and not (before and found.excess(before)):
            break
    return found


def figures(before: Inventory, after: Inventory) -> Iterator[Figure]:
    """Yield what is left over, and the memory as a ratio to the one before."""
    for kind, count in after.counts.items():
        yield _count(f"left_over_{kind}", count - before.counts[kind], kind)
    more = sum(max(0.0, count - before.processes.get(name, 0)) for name, count in after.processes.items())
    yield _count("left_over_processes", more, "processes")
    for part, count in after.open_files.items():
        yield _count(f"left_over_open_files_{part}", count - before.open_files[part], "open files")
    for part, megabytes in after.memory.items():
        name, then = f"series_memory_{part}", before.memory[part]
        ratio = megabytes / then
        yield Figure(
            name, megabytes, "MB", SERVER, peer="after_warm_up", peer_value=then, ratio=ratio, limit=LIMITS.get(name)
        )


def _count(name: str, count: float, unit: str) -> Figure:
    return Figure(name, count, unit, SERVER, limit=LIMITS[name])
