"""Heartbeats: each worker's event loop counts beats in memory that it shares with the supervisor."""

from __future__ import annotations

import mmap

BEAT_SECONDS = 1.0


class Heartbeats:
    """A count of beats for each worker, by its number.

    Silence is measured in checks of the supervisor, not in seconds: after a pause of the whole container or machine,
    each worker has missed at most one check.
    """

    def __init__(self, workers: int) -> None:
        # Anonymous shared memory: what a forked worker writes, its parent reads.
        self._beats = memoryview(mmap.mmap(-1, 8 * workers)).cast("Q")
        self._seen = [0] * workers
        self._silent = [0] * workers

    def beat(self, worker: int) -> None:
        """Count a beat. The worker's event loop calls this, for the first time when it serves."""
        self._beats[worker] += 1

    def reset(self, worker: int) -> None:
        """Start again from zero, for a new process."""
        self._beats[worker] = self._seen[worker] = self._silent[worker] = 0

    def served(self, worker: int) -> bool:
        """Return whether the worker has begun to serve."""
        return self._beats[worker] > 0

    def missed(self, worker: int) -> int:
        """Check for a new beat; return how many checks in a row, this one included, have found none."""
        beats = self._beats[worker]
        self._silent[worker] = self._silent[worker] + 1 if beats == self._seen[worker] else 0
        self._seen[worker] = beats
        return self._silent[worker]
