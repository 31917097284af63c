"""The settings as `--help` of each step shows them, and docs/training.md."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from training.config import ENVIRONMENT, ROOT, Config

HEADING = "settings: the defaults, then --config, then the environment, then key=value"


def text() -> str:
    """Return the settings as `--help` shows them."""
    lines = [HEADING, ""]
    for item in fields(Config):
        lines += [f"  {item.name}={default(item.default)}", f"      {_help(item)}{_variable(item)}"]
    return "\n".join(lines)


def described() -> list[tuple[str, str, str]]:
    """Return each setting's key, default and meaning."""
    return [(item.name, default(item.default), _help(item)) for item in fields(Config)]


def default(value: Any) -> str:
    """Return a setting's default as one would type it."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Path):
        return str(value.relative_to(ROOT)) if value.is_relative_to(ROOT) else str(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _help(item: Field[Any]) -> str:
    wanted = item.metadata["wanted"]
    return f"{item.metadata['help']} ({wanted})" if wanted else item.metadata["help"]


def _variable(item: Field[Any]) -> str:
    found = [variable for variable, key in ENVIRONMENT.items() if key == item.name]
    return f" (or {found[0]}= in the environment)" if found else ""
