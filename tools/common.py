"""What the tools share. Standard library only: they run before any virtual environment exists."""

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text: str) -> None:
    """Tell the person at the terminal: stdout belongs to what a tool prints for its caller."""
    print(f"slipway: {text}", file=sys.stderr, flush=True)


def cache() -> Path:
    """The folder that all clones of this user share; made where it is not there."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold a lock beside the path, waiting for whoever has it; it dies with the processes that hold it."""
    with path.with_name(path.name + ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is making {path.name}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def identity() -> str:
    """A short name for this checkout, so that what two of them make in one engine never meets."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
