"""How much of the machine others used while something was timed: a busy machine's figures mean little."""

import os
import time
from dataclasses import dataclass

from bench import process_tree

# Share of all cores. What is timed is timed again above it, as long as the patience lasts.
TOLERATED = 0.05


@dataclass
class Patience:
    """Seconds that a whole run may spend on timing again what others disturbed."""

    seconds: float

    def spend(self, seconds: float) -> bool:
        """Whether so many were left; takes them if so."""
        if seconds > self.seconds:
            return False
        self.seconds -= seconds
        return True


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._machine = process_tree.machine_cpu_seconds()
        self._own = _own_cpu_seconds()

    def others(self, servers_cpu_seconds: float) -> float:
        """Share of all cores that neither the server, nor wrk, nor the harness used since."""
        busy = process_tree.machine_cpu_seconds() - self._machine
        ours = servers_cpu_seconds + _own_cpu_seconds() - self._own
        capacity = (time.perf_counter() - self._started) * (os.cpu_count() or 1)
        return max(0.0, busy - ours) / capacity


def _own_cpu_seconds() -> float:
    """This process's and those of children that have ended: wrk is among them, a running server is not."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
