"""Files that only a run changes: what each looked like after the last one."""

import os
from collections.abc import Collection
from pathlib import Path

from agent.health.checks import Check

Looks = dict[str, str]
# What is in memory is written anew at each boot: there the time says nothing.
IN_MEMORY = "/run/"


def learn(known: Looks, checks: list[Check], folder: Path, roles: Collection[str] | None) -> Looks:
    """Return how the watched files look after a run of these roles, None for all; what others own stays as known."""
    owners = {check.target: check.role for check in checks if check.kind == "file"}
    # The checks themselves: a role whose file is gone would not be looked at any more.
    owners |= {str(path): path.stem for path in folder.glob("*.json")}
    missed = {path: Path(path).stem for path in known if Path(path).parent == folder}
    looks = {}
    for path, role in (missed | owners).items():
        if path in known and roles is not None and role not in roles:
            looks[path] = known[path]
        elif path in owners:
            looks[path] = fingerprint(path)
    return looks


def problem(known: Looks, path: str) -> str:
    """Return how a file differs from what it was, "" where it does not."""
    now = fingerprint(path)
    if not now:
        return f"{path} is missing"
    return "" if now == known.get(path, now) else f"{path} was changed, and not by a run"


def fingerprint(path: str) -> str:
    """Return what differs after any change of a file, or of anything in a folder; "" where it is not there."""
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
