"""The health checks of the roles, from /etc/slipway/health.d/<role>.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agent.errors import ConfigError

# The kinds of checks; docs/operate.md explains each.
KINDS = ("unit", "engine", "link", "container", "https", "http", "path", "file", "certificate")
KEYS = {"part", "name", "ca", *KINDS}


class Check(NamedTuple):
    """One check: `part` is the name that a person sees, `role` is the role that repairs it."""

    role: str
    part: str
    kind: str
    target: str
    link: str = ""  # of a container: {link} in its name stands for the target of this link
    name: str = ""  # of https: the name in the certificate
    ca: str = ""  # of https: the certificate authority, a file or folder


def read(folder: Path) -> tuple[list[Check], dict[str, str]]:
    """Return the checks, and the problem of each role whose file cannot be used."""
    checks: list[Check] = []
    damaged: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            checks += _load(path)
        except (OSError, ValueError, ConfigError) as error:
            damaged[path.stem] = f"{path}: cannot be used ({error})"
    return checks, damaged


def _load(path: Path) -> Iterator[Check]:
    entries = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list):
        raise ConfigError("wanted a list of checks")
    for entry in entries:
        yield _check(path.stem, entry)


def _check(role: str, entry: Any) -> Check:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise ConfigError(f"{json.dumps(entry)[:80]}: wanted an object whose values are strings")
    # A `link` beside `container` only says which container; the link has a check of its own.
    kinds = [kind for kind in KINDS if kind in entry and not (kind == "link" and "container" in entry)]
    if len(kinds) != 1 or "part" not in entry or not entry.keys() <= KEYS:
        raise ConfigError(f"{json.dumps(entry)[:80]}: wanted `part` and one of {', '.join(KINDS)}")
    kind = kinds[0]
    rest = {key: entry[key] for key in ("name", "ca") if key in entry}
    return Check(role, entry["part"], kind, entry[kind], entry.get("link", "") if kind == "container" else "", **rest)
