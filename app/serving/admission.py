"""Which requests one worker takes in: it counts them and their bytes, and refuses what is too many or too large."""

from __future__ import annotations

from prometheus_client import Gauge

from app.problem import Problem
from app.settings import Settings

# A body up to this size is accepted however much is buffered: `max_in_flight` bounds the sum of these.
SMALL_BYTES = 64 * 1024


class Admission:
    """Counts requests whose bodies are incomplete, and refuses those that are too many or too large.

    A request that arrives complete in one packet is answered at once and never counts: it gets its answer however many
    incomplete requests there are.
    """

    def __init__(self, settings: Settings, gauge: Gauge) -> None:
        self.in_flight = 0
        self.buffered_bytes = 0
        self._settings = settings
        self._gauge = gauge
        self._reported = 0

    def enter(self, length: int) -> None:
        """Count one more request, which announces a body of `length` bytes; raises Problem if that is too large."""
        self.in_flight += 1
        self._check_size(length)

    def grow(self, size: int, more: int) -> None:
        """Count `more` bytes of a body that now has `size`; raises Problem if that is too large."""
        self.buffered_bytes += more
        self._check_size(size)

    def check_waiting(self, size: int) -> None:
        """Raise Problem if there is no room for another request that waits for the rest of its body."""
        full = size > SMALL_BYTES and self.buffered_bytes > self._settings.max_buffered_bytes
        if full or self.in_flight > self._settings.max_in_flight:
            raise Problem("too_many_requests", "too many requests at a time: try again in a second")

    def leave(self, size: int) -> None:
        """Stop counting a request of which `size` bytes were buffered."""
        self.in_flight -= 1
        self.buffered_bytes -= size

    def report(self) -> None:
        """Set the gauge: once a packet, not once a request, because most requests begin and end within one packet."""
        if self.in_flight != self._reported:
            self._gauge.set(self.in_flight)
            self._reported = self.in_flight

    def _check_size(self, size: int) -> None:
        if size > self._settings.max_body_bytes:
            raise Problem("body_too_large", f"wanted a body of at most {self._settings.max_body_bytes} bytes")
