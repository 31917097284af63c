"""One run at a time. The lock is the kernel's and dies with the process, however that ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from agent.errors import AgentError

# `status` holds the lock for an instant to see whether it is free; a run must not take that for another run.
WAIT_SECONDS = 1.0


class Holder(NamedTuple):
    """Who has the lock."""

    pid: int
    since: float


class BusyError(AgentError):
    """Another run has the lock."""


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock; raises BusyError where another process has it.

    Yields whether the last holder was killed: then what it started may still run.
    """
    with _open(path) as file:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _taken(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise BusyError(_told(_read(path)))
            time.sleep(0.05)
        was_killed = bool(file.read())
        _sign(file.fileno())
        try:
            yield was_killed
        finally:
            os.ftruncate(file.fileno(), 0)


def holder(path: Path) -> Holder | None:
    """Return who has the lock, None where nobody has."""
    if not path.parent.exists():
        return None
    with _open(path) as file:
        return None if _taken(file.fileno(), fcntl.LOCK_SH) else _read(path)


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Root's alone: whoever can open it can hold it, and so keep the host from converging.
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise AgentError(f"{path}: cannot be opened ({error.strerror}); slipway-pull is for root") from error


def _sign(fd: int) -> None:
    name = f"{os.getpid()} {time.time():.0f}\n".encode()
    try:
        # Never empty in between: that would say that the last holder ended well.
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
    # A holder that has not come to writing its name yet is a holder all the same.
    return Holder(int(words[0]), float(words[1])) if len(words) == 2 else Holder(0, time.time())


def _told(who: Holder) -> str:
    return f"another run is under way (process {who.pid}, for {max(0, time.time() - who.since):.0f} s)"
