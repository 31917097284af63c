"""Fingerprints of files that only a run may change, as they were after the last run."""

import os
from collections.abc import Collection
from pathlib import Path

from agent.health.checks import Check

Fingerprints = dict[str, str]
# Files in memory are written again at each boot, so their times say nothing.
IN_MEMORY = "/run/"


def learn(known: Fingerprints, checks: list[Check], folder: Path, roles: Collection[str] | None) -> Fingerprints:
    """Return the fingerprints after a run of these roles, None for all; those of other roles stay as known."""
    owners = {check.target: check.role for check in checks if check.kind == "file"}
    # The files with the checks too: without its file, a role would no longer be checked.
    owners |= {str(path): path.stem for path in folder.glob("*.json")}
    gone = {path: Path(path).stem for path in known if Path(path).parent == folder}
    found = {}
    for path, role in (gone | owners).items():
        if path in known and roles is not None and role not in roles:
            found[path] = known[path]
        elif path in owners:
            found[path] = fingerprint(path)
    return found


def problem(known: Fingerprints, path: str) -> str:
    """Return what happened to a file since the last run, "" for nothing."""
    now = fingerprint(path)
    if not now:
        return f"{path} is missing"
    return "" if now == known.get(path, now) else f"{path} was changed, but not by a run"


def fingerprint(path: str) -> str:
    """Return a text that differs after any change of a file or of anything in a folder; "" if it is missing."""
    try:
        count, newest, size = _measure(path)
    except FileNotFoundError:
        return ""
    return f"{count} {0 if path.startswith(IN_MEMORY) else newest} {size}"


def _measure(path: str) -> tuple[int, int, int]:
    found = os.lstat(path)
    count, newest, size = 1, found.st_ctime_ns, found.st_size
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            inner = _measure(os.path.join(path, name))
            count, newest, size = count + inner[0], max(newest, inner[1]), size + inner[2]
    return count, newest, size
