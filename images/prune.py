"""Removes files that nothing in an image reads from its environment. Used in Dockerfiles: prune.py LIST."""

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

LIB = Path(sys.prefix) / "lib"
# In every package: tests, and files that only a compiler or a type checker reads.
NEVER_READ = ("tests", "*.pyi", "*.a", "*.h", "*.pxd", "*.pyx")


def patterns(listed: Path) -> Iterator[str]:
    """Return the patterns of the list, relative to the environment's lib/: several a line, `#` starts a comment."""
    for line in listed.read_text().splitlines():
        yield from line.partition("#")[0].split()


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def link_copies(folder: Path) -> None:
    """Replace copies of a library by links: wheels cannot contain links, so they have libx.so.1.2 three times."""
    same: dict[bytes, list[Path]] = defaultdict(list)
    for path in folder.glob("*.so*"):
        if not path.is_symlink():
            same[path.read_bytes()].append(path)
    for copies in same.values():
        original, *others = sorted(copies, key=lambda path: len(path.name), reverse=True)
        for other in others:
            other.unlink()
            other.symlink_to(original.name)


def main(listed: Path) -> None:
    """Remove all files of the list; a pattern without any match is an error, so the list stays up to date."""
    for pattern in patterns(listed):
        matches = list(LIB.glob(pattern))
        if not matches:
            raise SystemExit(f"prune: {pattern} matches nothing in {LIB}")
        for match in matches:
            remove(match)
    for pattern in NEVER_READ:
        for path in list(LIB.glob(f"python3*/site-packages/**/{pattern}")):
            # It may be in a folder that was removed already.
            if path.exists():
                remove(path)
    link_copies(LIB)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
