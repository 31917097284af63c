"""Files, links and folders that are either whole or absent, also after a power cut."""

import contextlib
import os
import shutil
from collections.abc import Callable


def read(path: str) -> str:
    """Return the text of a file, "" if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path: str, content: bytes, prepare: Callable[[str], None] | None = None) -> None:
    """Replace the file at `path` atomically; `prepare(path)` sets owner and mode before the file gets its name.

    A folder or link at `path` is replaced too. A failure, also of `prepare`, leaves what was there and nothing else.
    """
    fresh = f"{path}.new"
    remove(fresh)
    try:
        # Only root can read it until `prepare` says otherwise.
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if prepare:
            prepare(fresh)
        replace(fresh, path)
    finally:
        with contextlib.suppress(OSError):
            remove(fresh)


def link(path: str, target: str) -> None:
    """Point the link at `path` to `target` in one step: readers see the old target or the new one, never neither."""
    fresh = f"{path}.new"
    remove(fresh)
    os.symlink(target, fresh)
    replace(fresh, path)


def replace(fresh: str, path: str) -> None:
    """Move a file, link or folder to `path`, over whatever is there, and wait for the disk."""
    # A rename cannot put a file over a folder, nor a folder over anything but an empty folder.
    if is_folder(path) or is_folder(fresh):
        remove(path)
    os.rename(fresh, path)
    sync(os.path.dirname(path))


def is_folder(path: str) -> bool:
    """Whether `path` is a folder itself, not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def remove(path: str) -> bool:
    """Remove a file, a link, or a folder with its content; return whether there was one."""
    if not os.path.lexists(path):
        return False
    if is_folder(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    return True


def sync(path: str) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(folder: str) -> None:
    """Wait until a folder and everything in it are on the disk."""
    for path, _, files in os.walk(folder):
        for name in files:
            sync(os.path.join(path, name))
        sync(path)
