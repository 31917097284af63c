"""Locks between processes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workstation.terminal import log


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold a lock beside the path, and wait for whoever has it; it dies with the processes that hold it."""
    with path.with_name(path.name + ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"another run is using {path.name}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
