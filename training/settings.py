"""Reads the settings from a YAML file, the environment and key=value arguments."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from training.config import ENVIRONMENT, Config
from training.errors import ConfigError

KINDS = get_type_hints(Config)
WANTED = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}


def load(file: Path | None, arguments: Iterable[str], environ: Mapping[str, str]) -> Config:
    """Return the settings. Arguments override the environment, which overrides the file. Raises ConfigError."""
    values: dict[str, Any] = {}
    if file is not None:
        values |= {key: cast(key, value, f"{file}: ") for key, value in _read_yaml(file).items()}
    for variable, key in ENVIRONMENT.items():
        # An empty variable counts as unset: `make train DATA=` means no data.
        if environ.get(variable):
            values[key] = cast(key, environ[variable])
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals:
            raise ConfigError(f"{argument!r}: wanted key=value")
        values[key] = cast(key, value)
    return Config(**values)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {file}: {error.strerror}, wanted a YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {file}: not valid YAML: {' '.join(str(error).split())}") from error
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"--config {file}: got a {type(content).__name__}, wanted keys and values")
    return {str(key): value for key, value in (content or {}).items()}


def cast(key: str, value: Any, where: str = "") -> Any:
    """Return `value` as the type of the setting `key`. Text is converted; any other value must have that type."""
    if key not in KINDS:
        nearest = difflib.get_close_matches(key, KINDS, n=1, cutoff=0)[0]
        raise ConfigError(f"{where}{key}={value!r}: no such key, the nearest is {nearest!r}")
    kind = KINDS[key]
    try:
        return _names(value) if kind == tuple[str, ...] else _scalar(kind, value)
    except (KeyError, TypeError, ValueError) as error:
        wanted = WANTED.get(kind, "names, as a list or separated by commas")
        raise ConfigError(f"{where}{key}={value!r}: wanted {wanted}") from error


def _names(value: Any) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError
    return tuple(names)


def _scalar(kind: type, value: Any) -> Any:
    if kind is bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}[_text(value).lower()]
    if kind in (str, Path):
        return kind(_text(value))
    # YAML reads 1e-3 as text, so text has to be converted. A bool is an int in Python, so it has to be refused.
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | str)
        or (kind is int and isinstance(value, float))
    ):
        raise TypeError
    number = kind(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
