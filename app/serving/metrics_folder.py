"""The folder of files in which the worker processes share their metrics, in memory where there is a place for that.

Each worker has a number, and its files are named by it: a successor goes on counting where the dead one stopped, and
there are never more files than at the start. They are allocated whole at the start: a worker that writes to a mapped
file for which there is no memory left is killed by SIGBUS.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
# Not just "slipway-": what earlier versions made is not locked while it is in use.
PREFIX = "slipway-metrics-"
LIVE_GAUGES = ("gauge_livesum", "gauge_livemax")
KINDS = ("counter", "histogram", *LIVE_GAUGES)
# Some 45 entries for each model, half of them errors by reason, and as many bytes again for the rest.
BYTES_PER_MODEL = 16 * 1024
BYTES = 64 * 1024
# The head of a file of prometheus_client: eight bytes are in use, which are the head itself.
EMPTY = struct.pack("i", 8)


def make(workers: int, models: int) -> Path:
    """Return a new folder with every worker's files; raises OSError where there is no room for them.

    It goes when this process ends; what a killed server left goes now.
    """
    place = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left_behind(place)
    # Under this name nobody takes it for one that was left behind, until it is locked.
    new = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=place))
    # Held until the last of this process and its workers is gone.
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_EX)
    folder = new.rename(place / new.name.removeprefix("."))
    # Workers end by os._exit, which runs no such function.
    atexit.register(shutil.rmtree, folder)
    for worker in range(workers):
        for kind in KINDS:
            with file(folder, kind, worker).open("wb") as new_file:
                os.posix_fallocate(new_file.fileno(), 0, BYTES + models * BYTES_PER_MODEL)
    return folder


def file(folder: Path, kind: str, worker: int) -> Path:
    """Return the file by the name that prometheus_client gives it."""
    return folder / f"{kind}_{worker}.db"


def clear_gauges(folder: Path, worker: int) -> None:
    """Take a dead worker's gauges out of the sums; its counters stay."""
    for kind in LIVE_GAUGES:
        with file(folder, kind, worker).open("r+b") as dead:
            dead.write(EMPTY)


def _remove_left_behind(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        # Another server may remove it at the same time.
        with suppress(FileNotFoundError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                _remove_if_unused(folder)


def _remove_if_unused(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
