"""The folder of files through which the worker processes share their metrics, in shared memory if there is any.

The files are named after the worker's number: a new process continues the counts of the one that died, and the number
of files never grows. They are allocated completely at the start, because SIGBUS kills a worker that writes to a mapped
file for which no memory is left.
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
# Not just "slipway-": earlier versions did not lock their folders.
PREFIX = "slipway-metrics-"
LIVE_GAUGES = ("gauge_livesum", "gauge_livemax")
KINDS = ("counter", "histogram", *LIVE_GAUGES)
# About 45 entries for each model, half of them errors by reason, and as many bytes again for the rest.
BYTES_PER_MODEL = 16 * 1024
BYTES = 64 * 1024
# How a file of prometheus_client begins: eight bytes are in use, which are this header.
EMPTY = struct.pack("i", 8)


def make(workers: int, models: int) -> Path:
    """Return a new folder with the files of all workers; raises OSError if there is no room for them.

    The folder is removed when this process ends. Folders of servers that were killed are removed now.
    """
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left_behind(parent)
    # Another server could take it for a folder that was left behind, so it has another name until it is locked.
    new = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=parent))
    # The lock lasts until this process and all its workers have ended.
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_EX)
    folder = new.rename(parent / new.name.removeprefix("."))
    # Workers end with os._exit, which does not run this.
    atexit.register(shutil.rmtree, folder)
    for worker in range(workers):
        for kind in KINDS:
            with file(folder, kind, worker).open("wb") as new_file:
                os.posix_fallocate(new_file.fileno(), 0, BYTES + models * BYTES_PER_MODEL)
    return folder


def file(folder: Path, kind: str, worker: int) -> Path:
    """Return the path that prometheus_client gives this file."""
    return folder / f"{kind}_{worker}.db"


def clear_gauges(folder: Path, worker: int) -> None:
    """Remove a dead worker's gauges from the sums; its counters stay."""
    for kind in LIVE_GAUGES:
        with file(folder, kind, worker).open("r+b") as dead:
            dead.write(EMPTY)


def _remove_left_behind(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
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
