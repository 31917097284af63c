"""Folders and files as a role wants them: their content, mode and owner."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import files


class PlaceError(Exception):
    """A file or folder cannot be put in place."""

    def __init__(self, path: str, reason: str) -> None:
        """Name the path."""
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True)
class Access:
    """The mode and the owner of a file or folder."""

    mode: int
    uid: int
    gid: int

    def __str__(self) -> str:
        """Return them for people."""
        return f"mode {self.mode:04o}, owner {self.uid}, group {self.gid}"

    def holds(self, path: str) -> bool:
        """Whether a file or folder has them."""
        found = os.lstat(path)
        return (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (self.mode, self.uid, self.gid)

    def set(self, path: str) -> None:
        """Give them to a file or folder."""
        os.chown(path, self.uid, self.gid)
        os.chmod(path, self.mode)


@dataclass(frozen=True)
class Folder:
    """A folder, whatever is in it."""

    path: str
    access: Access

    def is_right(self) -> bool:
        """Whether it exists, with its mode and owner."""
        if os.path.lexists(self.path) and not files.is_folder(self.path):
            raise PlaceError(self.path, "is a file or a link, wanted a folder")
        return os.path.lexists(self.path) and self.access.holds(self.path)

    def put(self) -> None:
        """Make it, or correct its mode and owner."""
        if not os.path.lexists(self.path):
            os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
            os.mkdir(self.path, 0o700)
        self.access.set(self.path)
        flush(self.path)

    def diff(self) -> dict[str, str]:
        """Return what changes, for Ansible to print."""
        return {"prepared": f"{self.path}: folder, {self.access}\n"}


@dataclass(frozen=True)
class File:
    """A file and its content. `refusal` returns why a new file must not replace the old one, "" if it may."""

    path: str
    access: Access
    content: bytes
    refusal: Callable[[str], str] = lambda _: ""

    def is_right(self) -> bool:
        """Whether it exists, with its content, mode and owner."""
        return read(self.path) == self.content and self.access.holds(self.path)

    def put(self) -> None:
        """Write it, over whatever is there."""
        files.write(self.path, self.content, self._prepare)

    def _prepare(self, fresh: str) -> None:
        self.access.set(fresh)
        if reason := self.refusal(fresh):
            raise PlaceError(self.path, reason)

    def diff(self) -> dict[str, str]:
        """Return what changes, for Ansible to print."""
        before = read(self.path)
        if before == self.content:
            return {"prepared": f"{self.path}: {self.access}\n"}
        texts = [content.decode(errors="replace") for content in (before or b"", self.content)]
        return {"before": texts[0], "after": texts[1], "before_header": self.path, "after_header": self.path}


@dataclass(frozen=True)
class Nothing:
    """A file that has to go."""

    path: str

    def is_right(self) -> bool:
        """Whether it is gone."""
        return not os.path.lexists(self.path)

    def put(self) -> None:
        """Remove it."""
        files.remove(self.path)
        files.sync(os.path.dirname(self.path))

    def diff(self) -> dict[str, str]:
        """Return what changes, for Ansible to print."""
        return {"prepared": f"{self.path}: removed\n"}


Place = Folder | File | Nothing


def read(path: str) -> bytes | None:
    """Return the content of a file, None if there is none; a link to one is none."""
    if os.path.islink(path) or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def flush(path: str) -> None:
    """Wait until a file or folder and its name are on the disk."""
    files.sync(path)
    files.sync(os.path.dirname(path))


def encoded(path: str, content: Any) -> bytes:
    """Return the bytes of a file's text."""
    if not isinstance(content, str):
        raise PlaceError(path, f"its content is of the type {type(content).__name__}, wanted a text")
    return content.encode()


def others(folder: str, names: set[str]) -> list[str]:
    """Return the files in a folder, not the folders, that have none of these names."""
    if not files.is_folder(folder):
        return []
    with os.scandir(folder) as found:
        return sorted(each.path for each in found if each.name not in names and not each.is_dir(follow_symlinks=False))
