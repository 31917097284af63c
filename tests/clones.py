"""Fresh clones of the checkout, with its uncommitted changes."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def make(folder: Path, environment: Mapping[str, str]) -> Path:
    """Make a clone with all uncommitted changes."""
    git = ["git", "-c", "safe.directory=*"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True, env=environment)
    listing = [*git, "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    for name in filter(None, names.split("\0")):
        target = folder / name
        if (ROOT / name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        else:
            target.unlink(missing_ok=True)
    return folder
