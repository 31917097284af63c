"""Atomic replacement of files: readers see the old content or the new one.

plugins/ has its own, because the agent consists of nothing but its folder and the standard library.
"""

import os
from pathlib import Path


def replace(path: Path, text: str, *, durable: bool = True) -> None:
    """Write `text` to `path` atomically; on failure raises OSError and leaves the old file.

    A durable write waits for the disk, so that it survives a power cut right after it.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # A rename survives a power cut only once the folder is on the disk.
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
