"""Says on stderr what happens and how long it took; stdout is kept for the result."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """One line per thing done, indented under the step that does it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, of: str = "") -> Iterator[None]:
        """Head the lines of one step, and close them with its time; `of` is such as "2/5"."""
        self._print(f"[{of}] {name}" if of else name)
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)
        self.say(f"done in {self.seconds[name]:.2f} s")

    def say(self, text: str) -> None:
        """Print one line below the current step."""
        self._print(f"      {text}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
