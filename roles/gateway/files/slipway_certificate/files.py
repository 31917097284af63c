"""Atomic replacement of files, with their mode: readers see the old content or the new one."""

import os
from collections.abc import Callable
from pathlib import Path


def replace(path: Path, content: bytes, mode: int, accept: Callable[[], object] | None = None) -> None:
    """Write `content` to `path` atomically and durably; on failure raises OSError and leaves the old file.

    `accept` is called when the new file is on the disk and does not have its name yet; if it raises, nothing changes.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        # Only root can read it until it is whole.
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if accept:
            accept()
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # A rename survives a power cut only once the folder is on the disk.
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
