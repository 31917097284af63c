"""Where this checkout is, what it is called, and the cache that all checkouts of a user share."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cache() -> Path:
    """Return the folder that all checkouts of this user share; make it if it is missing."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def identity() -> str:
    """Return a short name for this checkout: two checkouts on one Docker Engine must not share names."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
