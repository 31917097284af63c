"""The schema of environments/*.yml and release.yml. site.yml checks it through plugins/action/check_settings.py."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DIGEST = r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}"
PASSWORD = re.compile(r"^[a-z0-9+.-]+://[^/@]*:[^/@]*@")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# The start of a Jinja expression, statement or comment.
TEMPLATE = re.compile(r"\{[{%#]")


@dataclass(frozen=True)
class Kind:
    """A kind of value: its description for error messages, and a test whether a value fits."""

    wanted: str
    fits: Callable[[Any], bool]


def number(low: float, high: float, *, whole: bool = True) -> Kind:
    """A number in a range that includes both ends."""
    types = (int,) if whole else (int, float)
    return Kind(
        f"a {'whole ' if whole else ''}number from {low} to {high}",
        # In Python, True is a number.
        lambda value: isinstance(value, types) and not isinstance(value, bool) and low <= value <= high,
    )


def text(wanted: str, pattern: str) -> Kind:
    """A string that matches a pattern."""
    return Kind(wanted, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None)


def one_of(*words: str) -> Kind:
    """One of these words."""
    return Kind(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def listing(kind: Kind) -> Kind:
    """A list of values of one kind."""
    return Kind(f"a list, each {kind.wanted}", lambda value: isinstance(value, list) and all(map(kind.fits, value)))


MEMORY = text("a size such as 512m or 1g", r"[1-9][0-9]*[mg]")
DAY = 86400
KEYS = {
    "branch": text("the name of a branch", r"[A-Za-z0-9_][A-Za-z0-9_./-]*"),
    "domain": text("a host name, without https:// or a port", r"[a-z0-9-]+(\.[a-z0-9-]+)*"),
    "tls": one_of("acme", "local"),
    "acme_email": text("an e-mail address, or nothing", r"([^@\s{}]+@[^@\s{}]+)?"),
    "request_max_bytes": number(1024, 2**30),
    "request_timeout_seconds": number(1, 600),
    "api_workers": number(1, 64),
    "api_memory": MEMORY,
    "api_log_sample_rate": number(0, 1, whole=False),
    "api_ready_seconds": number(1, 600),
    "api_golden_limit_ms": number(1, 60_000),
    "api_drain_seconds": number(0, 600),
    "api_mlflow_url": text("an http:// or https:// address", r"https?://[^\s/@]+(/\S*)?"),
    "mlflow_image": text("an image by digest, name@sha256:..., or nothing", rf"({DIGEST})?"),
    "mlflow_memory": MEMORY,
    "docker_insecure_registries": listing(text("a registry as host:port", r"[a-z0-9.-]+(:[0-9]+)?")),
    "pull_interval_seconds": number(1, DAY),
    "pull_jitter_seconds": number(0, DAY),
    "pull_full_check_seconds": number(60, 30 * DAY),
    "pull_run_limit_seconds": number(60, DAY),
    "secrets_source": one_of("generated"),
}
RELEASE = {
    "image": text("an image by digest, name@sha256:...", DIGEST),
    "default_model": text("the name of one of the models", NAME.pattern),
    "models": Kind("a mapping of names to models", lambda value: isinstance(value, dict) and bool(value)),
}
MODEL = {
    # A version by number, not an alias: rollback is then a git revert.
    "uri": text(
        "where MLflow finds it, a version by number: models:/california/7, s3://..., file:///...",
        r"models:/[^/@\s]+/[1-9][0-9]*|(?!models:)[a-z][a-z0-9+.-]*:/\S+",
    ),
    "sha256": text("the sha256 of the bundle's manifest, 64 hex digits", r"[0-9a-f]{64}"),
}


def problems(folder: Path, environment: str) -> list[str]:
    """Return the problems of an environment and the release in a repository, one message each."""
    names = sorted(path.stem for path in (folder / "environments").glob("*.yml") if path.stem != "base")
    if environment not in names or not NAME.fullmatch(environment):
        nearest = _nearest(environment, names)
        return [f"environment={environment!r}: there is no environments/{environment}.yml, the nearest is {nearest!r}"]
    found = [
        *_checked(folder, "environments/base.yml", lambda content: check(content, KEYS, complete=True)),
        *_checked(folder, f"environments/{environment}.yml", lambda content: check(content, KEYS, complete=False)),
        *_checked(folder, "release.yml", check_release),
    ]
    # Compare the files only if each is right on its own.
    return found or list(_check_fetching(environment, read(folder, environment)))


def read(folder: Path, environment: str) -> dict[str, Any]:
    """Return the settings of an environment, and the release under `release`. The files must have no problems."""
    base, own, release = (
        _load(folder / name) for name in ("environments/base.yml", f"environments/{environment}.yml", "release.yml")
    )
    return {**base, **own, "release": release}


def _load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict | None):
        raise ValueError(f"it contains a {type(content).__name__}, wanted a mapping of keys to values")
    return content or {}


def _checked(folder: Path, name: str, check: Callable[[dict[str, Any]], Iterator[str]]) -> Iterator[str]:
    """Yield the problems of a file, each with the name of the file."""
    try:
        content = _load(folder / name)
        templates = list(_templates(content))
    except RecursionError:
        yield f"{name}: cannot be read (it is nested too deeply)"
    except (OSError, ValueError, yaml.YAMLError) as error:
        yield f"{name}: cannot be read ({' '.join(str(error).split())})"
    else:
        yield from (f"{name}: {problem}" for problem in templates or check(content))


def _templates(value: Any, key: str = "") -> Iterator[str]:
    """Yield the keys that contain, or are, a template: no value of these files is ever rendered."""
    if isinstance(value, dict):
        for name, inner in value.items():
            inside = f"{key}.{name}" if key else str(name)
            yield from _templates(str(name), inside)
            yield from _templates(inner, inside)
    elif isinstance(value, list):
        for inner in value:
            yield from _templates(inner, key)
    elif isinstance(value, str) and TEMPLATE.search(value):
        yield f"{key}: contains a template marker ({{{{, {{% or {{#), wanted a plain value"


def _check_fetching(environment: str, settings: dict[str, Any]) -> Iterator[str]:
    """Yield the models that need an image to fetch them, if this environment has none."""
    for name, model in settings["release"].get("models", {}).items():
        if not settings["mlflow_image"] and not model["uri"].startswith("file:"):
            yield (
                f"environments/{environment}.yml: mlflow_image is empty: wanted the image that fetches {model['uri']}"
                f" for the model {name!r} of release.yml (`make push` prints it)"
            )


def check(content: dict[str, Any], kinds: dict[str, Kind], *, complete: bool) -> Iterator[str]:
    """Yield the problems of keys and values. If `complete`, a missing key is a problem too."""
    for key, value in content.items():
        if isinstance(value, str) and PASSWORD.search(value):
            yield f"{key} contains a password: wanted an address without one, because git keeps it forever"
        elif key not in kinds:
            yield f"{key}={_short(value)}: no such key, the nearest is {_nearest(str(key), kinds)!r}"
        elif not kinds[key].fits(value):
            yield f"{key}={_short(value)}: wanted {kinds[key].wanted}"
    if complete:
        yield from (f"{key} is missing: wanted {kind.wanted}" for key, kind in kinds.items() if key not in content)


def check_release(content: dict[str, Any]) -> Iterator[str]:
    """Yield the problems of a release. An empty one is fine: nothing is released yet."""
    if not content:
        return
    yield from check(content, RELEASE, complete=True)
    models = content.get("models")
    if not isinstance(models, dict):
        return
    for name, model in models.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield f"models: {name!r}: wanted a name of letters, digits, dots, dashes and underscores"
        if not isinstance(model, dict):
            yield f"models: {name}={_short(model)}: wanted uri and sha256"
        else:
            yield from (f"models: {name}: {problem}" for problem in check(model, MODEL, complete=True))
    default = content.get("default_model")
    if isinstance(default, str) and default not in models:
        yield f"default_model={default!r}: wanted one of {', '.join(map(str, models))}"


def _nearest(word: str, known: Collection[str]) -> str:
    return difflib.get_close_matches(word, known, n=1, cutoff=0)[0]


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
