"""The server's settings: environment variables, read once when the server starts."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import engines

PREFIX = "SLIPWAY_"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ConfigError(Exception):
    """A setting is wrong; the message names its key, its value and what was wanted."""


@dataclass(frozen=True)
class ModelSource:
    """One model to serve: its name and version, as answers and metrics give them, and its bundle's folder."""

    name: str
    version: str
    path: Path


@dataclass(frozen=True)
class Settings:
    """The server's settings, each read from SLIPWAY_<NAME IN CAPITALS>; sizes in bytes, times in seconds.

    `app/settings_text.py` says what each one means.
    """

    models: tuple[ModelSource, ...] = ()
    model_dir: Path | None = None
    default_model: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    socket: Path | None = None
    workers: int = 2
    engine: str = "auto"
    image: str = ""
    max_body_bytes: int = 8 * 1024 * 1024
    max_rows: int = 50_000
    max_in_flight: int = 1024
    max_buffered_bytes: int = 32 * 1024 * 1024
    body_timeout_seconds: float = 10.0
    drain_seconds: float = 10.0
    worker_timeout_seconds: float = 30.0
    log_sample_rate: float = 0.01


def read(environ: Mapping[str, str]) -> Settings:
    """Return the settings in `environ`; raises ConfigError, also for a SLIPWAY_ key that is not known."""
    kinds = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    for key, raw in environ.items():
        if key.startswith(PREFIX):
            name = key.removeprefix(PREFIX).lower()
            if name not in kinds:
                raise _unknown(key, [PREFIX + known.upper() for known in kinds])
            values[name] = _cast(key, raw, kinds[name])
    return _checked(Settings(**values))


def _unknown(key: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key, known)
    return ConfigError(f"{key}: unknown setting; the nearest known ones are {', '.join(near or known)}")


def sources(settings: Settings) -> tuple[ModelSource, ...]:
    """Return the models to serve, the default one first; raises ConfigError if that is not clear."""
    if bool(settings.models) == bool(settings.model_dir):
        raise ConfigError(f"wanted exactly one of {PREFIX}MODELS and {PREFIX}MODEL_DIR to be set")
    found = settings.models or _in_folder(settings.model_dir)
    names = [source.name for source in found]
    if len(set(names)) != len(names):
        raise ConfigError(f"{PREFIX}MODELS={','.join(names)!r}: wanted each model name once")
    default = settings.default_model or (names[0] if len(names) == 1 else "")
    if default not in names:
        raise ConfigError(f"{PREFIX}DEFAULT_MODEL={default!r}: wanted one of {', '.join(names)}")
    return tuple(sorted(found, key=lambda source: (source.name != default, source.name)))


def _in_folder(folder: Path | None) -> tuple[ModelSource, ...]:
    key = f"{PREFIX}MODEL_DIR={str(folder)!r}"
    if folder is None or not folder.is_dir():
        raise ConfigError(f"{key}: no such directory")
    found = []
    for model in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        versions = sorted(entry.name for entry in model.iterdir() if entry.is_dir())
        if len(versions) != 1:
            raise ConfigError(f"{key}: {model.name} has versions {', '.join(versions) or 'none'}, wanted exactly one")
        found.append(_source(key, model.name, versions[0], model / versions[0]))
    if not found:
        raise ConfigError(f"{key}: wanted at least one <name>/<version> folder in it")
    return tuple(found)


def _source(key: str, name: str, version: str, path: Path) -> ModelSource:
    for word in (name, version):
        if not NAME.fullmatch(word):
            raise ConfigError(
                f"{key}: {word!r} is not a name: wanted 1 to 64 of a-z, A-Z, 0-9, dot, dash and underscore"
            )
    return ModelSource(name, version, path)


def _cast(key: str, raw: str, kind: str) -> object:
    try:
        if kind == "int":
            return int(raw)
        if kind == "float":
            return float(raw)
    except ValueError:
        raise ConfigError(f"{key}={raw!r}: wanted {'a whole number' if kind == 'int' else 'a number'}") from None
    if kind == "str":
        return raw
    if kind == "Path | None":
        return Path(raw)
    return tuple(_listed(key, item.strip()) for item in raw.split(",") if item.strip())


def _listed(key: str, item: str) -> ModelSource:
    match = re.fullmatch(r"([^@=]+)@([^@=]+)=(.+)", item)
    if match is None:
        raise ConfigError(f"{key}={item!r}: wanted name@version=path")
    return _source(key, match[1], match[2], Path(match[3]))


def _checked(settings: Settings) -> Settings:
    floors = {"port": 0, "log_sample_rate": 0, "drain_seconds": 0}
    for field in dataclasses.fields(Settings):
        value = getattr(settings, field.name)
        floor = floors.get(field.name, 1 if field.type == "int" else 0.001)
        if field.type in ("int", "float") and not floor <= value < float("inf"):
            raise ConfigError(f"{PREFIX}{field.name.upper()}={value}: wanted at least {floor}")
    if settings.port > 65535:
        raise ConfigError(f"{PREFIX}PORT={settings.port}: wanted at most 65535")
    if settings.log_sample_rate > 1:
        raise ConfigError(f"{PREFIX}LOG_SAMPLE_RATE={settings.log_sample_rate}: wanted a share from 0 to 1")
    if settings.engine not in engines.NAMES:
        raise ConfigError(f"{PREFIX}ENGINE={settings.engine!r}: wanted one of {', '.join(engines.NAMES)}")
    return settings
