"""Where a model comes from: the commit, whether the tree was clean, and what was installed."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from training.config import ROOT
from training.errors import TrainingError

LOCK = ROOT / "requirements" / "mlops.txt"
UNKNOWN = "unknown"


def git(root: Path = ROOT) -> dict[str, str]:
    """Return the commit and whether the work tree is clean; "unknown" outside a checkout, as in a container."""
    commit, status = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain")
    if not commit or status is None:
        return {"git_commit": UNKNOWN, "git_clean": UNKNOWN}
    return {"git_commit": commit.strip(), "git_clean": str(not status).lower()}


def installed() -> str:
    """Return the Python version and every installed distribution with its version, one per line."""
    names = {f"{found.metadata['Name']}=={found.version}" for found in metadata.distributions()}
    return "\n".join(
        [f"# Python {platform.python_version()} on {platform.platform()}", *sorted(names, key=str.lower), ""]
    )


def pinned(*names: str) -> str:
    """Return `name==version` for the first of `names` that is installed. Raises TrainingError if none is."""
    for name in names:
        try:
            return f"{name}=={metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    raise TrainingError(f"{' or '.join(names)}: not installed")


def _git(root: Path, *arguments: str) -> str | None:
    """Return git's output, or None without git or outside a checkout."""
    program = shutil.which("git")
    if program is None:
        return None
    # All arguments come from this module.
    done = subprocess.run([program, "-C", str(root), *arguments], capture_output=True, text=True)  # noqa: S603
    return done.stdout if done.returncode == 0 else None
