"""The lock that allows one run at a time. The kernel releases it when the process ends, however that happens."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from agent.errors import AgentError

# `status` takes the lock for an instant to see whether it is free; a run must not mistake that for another run.
WAIT_SECONDS = 1.0


class Holder(NamedTuple):
    """The process that holds the lock."""

    pid: int
    since: float


class BusyError(AgentError):
    """Another run holds the lock."""


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock; raises BusyError if another process holds it.

    Yields whether the last holder was killed; processes that it started may then still run.
    """
    with _open(path) as file:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _taken(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise BusyError(_busy(_read(path)))
            time.sleep(0.05)
        was_killed = bool(file.read())
        _sign(file.fileno())
        try:
            yield was_killed
        finally:
            os.ftruncate(file.fileno(), 0)


def holder(path: Path) -> Holder | None:
    """Return the holder of the lock, None if nobody holds it."""
    if not path.parent.exists():
        return None
    with _open(path) as file:
        return None if _taken(file.fileno(), fcntl.LOCK_SH) else _read(path)


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # For root alone: whoever can open the file can hold the lock and so stop all runs.
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise AgentError(f"{path}: cannot be opened ({error.strerror}); slipway-pull has to run as root") from error


def _sign(fd: int) -> None:
    name = f"{os.getpid()} {time.time():.0f}\n".encode()
    try:
        # The file must not be empty in between: an empty file means that the last holder ended properly.
        os.pwrite(fd, name, 0)
        os.ftruncate(fd, len(name))
    except OSError as error:
        raise AgentError(f"the lock cannot be written ({error.strerror})") from error


def _taken(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> Holder:
    words = path.read_text().split()
    # A new holder may not have written its name yet.
    return Holder(int(words[0]), float(words[1])) if len(words) == 2 else Holder(0, time.time())


def _busy(holder: Holder) -> str:
    return f"another run is under way (process {holder.pid}, for {max(0, time.time() - holder.since):.0f} s)"
