"""Clients that keep asking for known predictions while a test does its worst."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from typing import Self

from tests.app.http_client import Address, Closed, Connection, request
from tests.app.known import Known

PATIENCE = 60.0


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fails, saying what was waited for, where it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.02)


class Load:
    """Each client asks on one connection, row after row, and makes another connection where that one breaks."""

    def __init__(self, address: Address, known: Known, clients: int = 4) -> None:
        self.right = 0
        self.wrong: list[object] = []
        self.broken = 0
        self._address = address
        self._known = known
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a client hangs"

    def more(self, count: int) -> None:
        """Wait until so many more right answers have come."""
        wanted = self.right + count
        eventually(lambda: self.right >= wanted, f"{count} more right answers")

    def _run(self, first: int) -> None:
        rows = itertools.count(first * 7)
        while not self._stop.is_set():
            with (
                contextlib.suppress(ConnectionRefusedError, FileNotFoundError),
                Connection(self._address) as connection,
            ):
                self._ask(connection, rows)

    def _ask(self, connection: Connection, rows: itertools.count[int]) -> None:
        while not self._stop.is_set():
            row = next(rows)
            try:
                reply = connection.ask(request(self._known.body(row)))
            except (Closed, ConnectionError):
                with self._lock:
                    self.broken += 1
                return
            with self._lock:
                if self._known.right(reply, row):
                    self.right += 1
                else:
                    self.wrong.append(reply)
            if reply.headers.get("connection") == "close":
                return
