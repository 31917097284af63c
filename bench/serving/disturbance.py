"""Measures the CPU that other processes used during a timed run: figures of a busy machine mean little."""

import os
import time
from dataclasses import dataclass

from bench import process_tree

# Share of all cores. Above it, a run is repeated while the retry budget lasts.
TOLERATED = 0.05


@dataclass
class RetryBudget:
    """The seconds that a benchmark may spend on repeating disturbed runs."""

    seconds: float

    def spend(self, seconds: float) -> bool:
        """Take so many seconds from the budget, and return whether they were left."""
        if seconds > self.seconds:
            return False
        self.seconds -= seconds
        return True


class Watch:
    """Measures from its creation on."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._machine = process_tree.machine_cpu_seconds()
        self._own = _own_cpu_seconds()

    def others(self, servers_cpu_seconds: float) -> float:
        """Return the share of all cores that processes other than the server, wrk and the benchmark used since."""
        busy = process_tree.machine_cpu_seconds() - self._machine
        ours = servers_cpu_seconds + _own_cpu_seconds() - self._own
        capacity = (time.perf_counter() - self._started) * (os.cpu_count() or 1)
        return max(0.0, busy - ours) / capacity


def _own_cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its ended children: this includes wrk, but no running server."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
