"""Take out of an image's environment what nothing in it reads. Runs in a Dockerfile's build stage: prune.py LIST."""

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

LIB = Path(sys.prefix) / "lib"
# Of any package: its tests, and what only a compiler reads or a checker of types.
NEVER_READ = ("tests", "*.pyi", "*.a", "*.h", "*.pxd", "*.pyx")


def patterns(listed: Path) -> Iterator[str]:
    """What the list names, relative to the environment's lib/; a line may hold several, `#` begins a remark."""
    for line in listed.read_text().splitlines():
        yield from line.partition("#")[0].split()


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def link_copies(folder: Path) -> None:
    """Make libx.so.1 and libx.so links to libx.so.1.2: wheels can't hold links, so they hold three copies."""
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
    """Prune; a pattern in the list that matches nothing is an error, so that it does not go stale."""
    for pattern in patterns(listed):
        matches = list(LIB.glob(pattern))
        if not matches:
            raise SystemExit(f"prune: {pattern} matches nothing in {LIB}")
        for match in matches:
            remove(match)
    for pattern in NEVER_READ:
        for path in list(LIB.glob(f"python3*/site-packages/**/{pattern}")):
            # A folder may have gone with the one that it is in.
            if path.exists():
                remove(path)
    link_copies(LIB)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
