"""Progress at the terminal: a line for each step with its time, and the news of long steps."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

ERASE = "\r\x1b[K"


class Progress:
    """Prints steps. On a terminal the running step overwrites the last line; elsewhere each news gets its own line."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        """Print to the stream."""
        self._stream = stream
        self._live = stream.isatty()
        self._news = ""
        self._result = ""
        self.began = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a step; print its result and its time if it succeeds."""
        started, self._result = time.monotonic(), ""
        self.news(title)
        yield
        result = f": {self._result}" if self._result else ""
        self._write(f"{title}{result} ({time.monotonic() - started:.1f} s)", passing=False)

    def news(self, text: str) -> None:
        """Print how far the step is, unless that is already there."""
        if text != self._news:
            self._news = text
            self._write(f"{text} ...", passing=True)

    def result(self, text: str) -> None:
        """Set the result of the step, which its last line shows."""
        self._result = text

    def say(self, text: str) -> None:
        """Print a line that belongs to no step."""
        self._write(text, passing=False)

    def _write(self, text: str, *, passing: bool) -> None:
        start, end = (ERASE, "" if passing else "\n") if self._live else ("", "\n")
        self._stream.write(f"{start}slipway: {text}{end}")
        self._stream.flush()
