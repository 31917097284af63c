"""Take out of the image's environment what serving never reads. Runs in the Dockerfile's build stage."""

import shutil
import sys
from collections import defaultdict
from pathlib import Path

PREFIX = Path(sys.prefix)
PACKAGES = next(PREFIX.glob("lib/python3*/site-packages"))

# scikit-learn-intelex brings replacements for all of scikit-learn; the server loads one extension module of it.
# XGBoost imports scipy.sparse, which takes linalg and special with it. tests/image runs both engines on what is left.
UNUSED = (
    *("daal4py/mb", "daal4py/sklearn", "onedal", "sklearnex"),
    *("scipy/cluster", "scipy/datasets", "scipy/differentiate", "scipy/fft", "scipy/fftpack", "scipy/integrate"),
    *("scipy/interpolate", "scipy/io", "scipy/ndimage", "scipy/odr", "scipy/optimize", "scipy/signal"),
    *("scipy/spatial", "scipy/stats"),
)
# What oneDAL's extension module does not link: the newer interface, and debugging and malloc replacements.
UNLINKED = ("libonedal.so*", "libonedal_parameters.so*", "libtcm_debug.so*", "libtbbmalloc_proxy.so*")


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


def main() -> None:
    """Prune; a name in the lists that matches nothing is an error, so that they do not go stale."""
    for name in UNUSED:
        remove(PACKAGES / name)
    for pattern in UNLINKED:
        matches = list((PREFIX / "lib").glob(pattern))
        if not matches:
            raise SystemExit(f"prune: {pattern} matches nothing in {PREFIX / 'lib'}")
        for match in matches:
            remove(match)
    for tests in [path for path in PACKAGES.rglob("tests") if path.is_dir()]:
        remove(tests)
    for path in [*PACKAGES.rglob("*.pyi"), *PACKAGES.rglob("*.a"), *PACKAGES.rglob("*.h")]:
        remove(path)
    link_copies(PREFIX / "lib")


if __name__ == "__main__":
    main()
