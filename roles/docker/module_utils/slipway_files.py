"""Files and folders that are whole or not there at all, also after a power cut."""

import contextlib
import os
import shutil


def write(path, content, prepare=None):
    """Have the bytes at `path`, in one go; `prepare(path)` gives the new file its owner and mode beforehand.

    Raises OSError and leaves what was there where that cannot be done. What is no file gives way.
    """
    fresh = f"{path}.new"
    remove(fresh)
    try:
        # For root alone as long as nobody says otherwise.
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if prepare:
            prepare(fresh)
        replace(fresh, path)
    except OSError:
        with contextlib.suppress(OSError):
            remove(fresh)
        raise


def replace(fresh, path):
    """Put a file, link or folder in the place of whatever is there, for good."""
    # A rename puts no file over a folder, and no folder over anything that is not empty.
    if is_folder(path) or is_folder(fresh):
        remove(path)
    os.rename(fresh, path)
    sync(os.path.dirname(path))


def is_folder(path):
    """Whether it is a folder itself, not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def remove(path):
    """Remove a file, a link or a folder with all that it holds; return whether there was one."""
    if not os.path.lexists(path):
        return False
    if is_folder(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    return True


def sync(path):
    """Return when a file, or the names in a folder, are on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(folder):
    """Return when all that a folder holds is on the disk."""
    for path, _, files in os.walk(folder):
        for name in files:
            sync(os.path.join(path, name))
        sync(path)
