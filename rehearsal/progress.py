"""What the person at the terminal sees: a line for each step, with its time, and how far a long one is."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

ERASE = "\r\x1b[K"


class Progress:
    """Tells steps: on a terminal what is under way stands in the last line, elsewhere each piece of news gets one."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        """Tell it to the stream."""
        self._stream = stream
        self._live = stream.isatty()
        self._news = ""
        self._result = ""
        self.began = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step, told with its time when it has ended well."""
        started, self._result = time.monotonic(), ""
        self.news(title)
        yield
        result = f": {self._result}" if self._result else ""
        self._write(f"{title}{result} ({time.monotonic() - started:.1f} s)", passing=False)

    def news(self, text: str) -> None:
        """How far the step is; the same as before is no news."""
        if text != self._news:
            self._news = text
            self._write(f"{text} ...", passing=True)

    def result(self, text: str) -> None:
        """What came of the step, for its line."""
        self._result = text

    def say(self, text: str) -> None:
        """Tell something beside the steps."""
        self._write(text, passing=False)

    def _write(self, text: str, *, passing: bool) -> None:
        start, end = (ERASE, "" if passing else "\n") if self._live else ("", "\n")
        self._stream.write(f"{start}slipway: {text}{end}")
        self._stream.flush()
