"""JSON files, read into named tuples. An error names the key, its value and what was wanted."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from agent.errors import ConfigError
from agent.output import warn

T = TypeVar("T", bound=tuple[Any, ...])
WANTED = {
    str: "text",
    bool: "true or false",
    int: "a whole number of 0 or more",
    float: "a number of 0 or more",
    tuple[str, ...]: "a list of texts",
    dict[str, int]: "an object of whole numbers",
    dict[str, float]: "an object of numbers",
    dict[str, Any]: "an object",
}


def load(path: Path) -> dict[str, Any]:
    """Return the object in a file; raises FileNotFoundError if there is no file, otherwise ConfigError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not JSON, or not even text
        raise ConfigError(f"{path}: is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: holds {_short(content)}, wanted an object of keys and values")
    return content


def build(kind: type[T], content: dict[str, Any], path: Path) -> T:
    """Return a `kind` with the values of its fields; keys that are no field are ignored. Raises ConfigError."""
    types = get_type_hints(kind)
    content = known(kind, content, path)
    for key, value in content.items():
        if not _fits(value, types[key]):
            raise ConfigError(f"{path}: {key}={_short(value)}: wanted {WANTED[types[key]]}")
    defaults = kind._field_defaults  # type: ignore[attr-defined]  # mypy has no name for "a named tuple's type"
    for key in types.keys() - content.keys() - defaults.keys():
        raise ConfigError(f"{path}: {key} is missing, wanted {WANTED[types[key]]}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in content.items()})


def known(kind: type, content: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the keys that are fields of `kind`; log a warning for each other key.

    A newer version of the agent may use such a key: refusing it would stop this version for good.
    """
    types = get_type_hints(kind)
    for key in content.keys() - types.keys():
        warn(f"{path}: {key}: no such key, the nearest is {nearest(key, types)!r}; ignored")
    return {key: value for key, value in content.items() if key in types}


def nearest(word: str, known: Collection[str]) -> str:
    """Return the known word that is most similar to this one."""
    import difflib  # rarely needed

    return difflib.get_close_matches(word, known, n=1, cutoff=0)[0]


def _fits(value: Any, kind: Any) -> bool:
    if kind in (str, bool):
        return isinstance(value, kind)
    if kind in (int, float):
        return _is_number(value, kind) and value >= 0
    if kind == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not isinstance(value, dict):
        return False
    inner = kind.__args__[1]
    return inner is Any or all(_is_number(item, inner) for item in value.values())


def _is_number(value: Any, kind: Any) -> bool:
    # In Python, True is a whole number, and JSON may contain NaN.
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        return False
    return abs(value) < float("inf")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
