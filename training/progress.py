"""Reports progress on stderr; stdout is for the result."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Prints one line per event, indented under its step, and measures each step."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, position: str = "") -> Iterator[None]:
        """Print the heading of a step, and its duration at the end. `position` is for example "2/5"."""
        self._print(f"[{position}] {name}" if position else name)
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)
        self.say(f"done in {self.seconds[name]:.2f} s")

    def say(self, text: str) -> None:
        """Print one line under the current step."""
        self._print(f"      {text}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
