"""The id of a request: the caller's own where it is safe, otherwise a new one."""

from __future__ import annotations

import itertools
import os
import re

HEADER = b"x-request-id"
# Safe in a log line and in a header.
SAFE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


class RequestIds:
    """Chooses the id of each request that one worker gets; ids of different workers differ by their prefix."""

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count(10_000_000)  # eight digits for long enough

    def choose(self, offered: bytes | None) -> str:
        """Return the id that the caller offers if it is safe, otherwise a new one."""
        if offered:
            text = offered.decode("latin-1")
            if SAFE.fullmatch(text):
                return text
        return self._prefix + str(next(self._numbers))
