"""Files that are either the old ones or the new ones, never in between.

The agent, the Ansible modules and training each have their own: they run on hosts and in images, without this package.
"""

import os
from pathlib import Path


def replace(path: Path, content: str, mode: int = 0o600) -> None:
    """Write a new file beside `path`, then rename it to `path`."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(content)
    fresh.replace(path)
