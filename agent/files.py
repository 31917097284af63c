"""Files that are either the old ones or the new ones, never in between."""

import os
from pathlib import Path


def replace(path: Path, text: str, *, durable: bool = True) -> None:
    """Write `text` to `path` atomically; raises OSError and leaves the old file where that cannot be done.

    Durable survives a power cut right after the return; it costs a wait for the disk.
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
    # The rename itself is durable only when the folder is.
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
