"""The schema of environments/*.yml and release.yml. site.yml checks it through plugins/action/check_settings.py."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

DIGEST = r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}"
PASSWORD = re.compile(r"^[a-z0-9+.-]+://[^/@]*:[^/@]*@")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# What `make key` puts before every key.
KEY_PREFIX = "slip_"
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


def is_network(value: Any) -> bool:
    """Whether the value is the text of an IP address or network, and not of all addresses."""
    try:
        return isinstance(value, str) and ip_network(value).prefixlen > 0
    except ValueError:
        return False


def is_private_network(value: Any) -> bool:
    """Whether the value is the text of an IP address or network that nobody reaches from the internet."""
    return is_network(value) and not ip_network(value).is_global


def is_date(value: Any) -> bool:
    """Whether the value is the text of a date, as 2027-01-31."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def above(low: float, high: float) -> Kind:
    """A number in a range that includes only its upper end."""
    kind = number(low, high, whole=False)
    return Kind(f"a number above {low} and up to {high}", lambda value: kind.fits(value) and value > low)


MEMORY = text("a size such as 512m or 1g", r"[1-9][0-9]*[mg]")
DAY = 86400
KEYS = {
    "branch": text("the name of a branch", r"[A-Za-z0-9_][A-Za-z0-9_./-]*"),
    "domain": text("a host name, without https:// or a port, or nothing", r"([a-z0-9-]+(\.[a-z0-9-]+)*)?"),
    "tls": one_of("acme", "local", "files", "upstream"),
    "acme_directory": text("an https:// address", r"https://[^\s/@\"\\]+(/[^\s\"\\]*)?"),
    "acme_email": text("an e-mail address, or nothing", r"([^@\s{}]+@[^@\s{}]+)?"),
    "tls_upstream_addresses": listing(Kind("an address or a network such as 10.0.1.0/24", is_network)),
    "tls_upstream_proxy_protocol": Kind("true or false", lambda value: isinstance(value, bool)),
    "request_max_bytes": number(1024, 2**30),
    "request_timeout_seconds": number(1, 600),
    "gateway_max_connections": number(100, 1_000_000),
    "gateway_requests_per_second": number(1, 1_000_000),
    "gateway_concurrent_requests": number(1, 1_000_000),
    "gateway_api_requests": number(1, 100_000),
    "gateway_queue_length": number(1, 100_000),
    "gateway_queue_seconds": number(1, 60),
    "gateway_log_sample_rate": number(0, 1, whole=False),
    "gateway_metrics_port": number(1024, 65535),
    "metrics_allow": listing(Kind("a private address or network such as 10.0.2.0/24", is_private_network)),
    "api_workers": number(1, 64),
    "api_memory": MEMORY,
    "api_log_sample_rate": number(0, 1, whole=False),
    "api_ready_seconds": number(1, 600),
    "api_golden_limit_ms": number(1, 60_000),
    "api_drain_seconds": number(0, 600),
    "api_access": one_of("keys", "open"),
    "api_clients": Kind("a list of clients, each with name and keys", lambda value: isinstance(value, list)),
    "release_steps": Kind("a list of steps, each with percent and seconds", lambda value: isinstance(value, list)),
    "release_max_error_ratio": above(0, 1),
    "release_max_latency_ratio": above(0, 1000),
    "release_min_requests": number(1, 1_000_000),
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
CLIENT = {
    # Needs no quoting in YAML, in HAProxy's configuration, in a header or as a label.
    "name": text("lower-case letters, digits and dashes, beginning with a letter", r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
    "keys": Kind("a list of keys, each with sha256", lambda value: isinstance(value, list) and bool(value)),
    "requests_per_second": number(1, 100_000),
}
CLIENT_KEY = {
    "sha256": text("the sha256 of the key, 64 hex digits (`make key` prints it)", r"[0-9a-f]{64}"),
    "expires": Kind("the last day on which the key works, as 2027-01-31", is_date),
}
STEP = {"percent": number(1, 99), "seconds": number(1, 3600)}
# What else a run may have to do, of pull_run_limit_seconds.
OUTSIDE_STEPS_SECONDS = 300
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
        *_checked(folder, "environments/base.yml", lambda content: check_settings(content, complete=True)),
        *_checked(folder, f"environments/{environment}.yml", lambda content: check_settings(content, complete=False)),
        *_checked(folder, "release.yml", check_release),
    ]
    # Compare the files only if each is right on its own.
    if found:
        return found
    settings = read(folder, environment)
    checks = (_check_tls, _check_fetching, _check_steps)
    return [problem for each in checks for problem in each(environment, settings)]


def read(folder: Path, environment: str) -> dict[str, Any]:
    """Return the settings of an environment, and the release under `release`. The files must have no problems."""
    base, own, release = (
        _load(folder / name) for name in ("environments/base.yml", f"environments/{environment}.yml", "release.yml")
    )
    return {**base, **own, "release": release}


class _Loader(yaml.SafeLoader):
    """Leaves a date as the text that it is, which is all that JSON, modules and templates know."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
            for first, resolvers in super().yaml_implicit_resolvers.items()
        }


def _load(path: Path) -> dict[str, Any]:
    content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
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


def _check_tls(environment: str, settings: dict[str, Any]) -> Iterator[str]:
    """Yield what the source of the certificate needs and this environment does not have."""
    file = f"environments/{environment}.yml"
    if settings["tls"] == "acme" and "." not in settings["domain"]:
        yield f"{file}: domain={settings['domain']!r}: tls=acme wants a public host name"
    if settings["tls"] == "upstream" and not settings["tls_upstream_addresses"]:
        yield f"{file}: tls_upstream_addresses is empty: tls=upstream wants the addresses of the load balancer"


def _check_fetching(environment: str, settings: dict[str, Any]) -> Iterator[str]:
    """Yield the models that need an image to fetch them, if this environment has none."""
    for name, model in settings["release"].get("models", {}).items():
        if not settings["mlflow_image"] and not model["uri"].startswith("file:"):
            yield (
                f"environments/{environment}.yml: mlflow_image is empty: wanted the image that fetches {model['uri']}"
                f" for the model {name!r} of release.yml (`make push` prints it)"
            )


def _check_steps(environment: str, settings: dict[str, Any]) -> Iterator[str]:
    """Yield whether the agent would stop a run before the end of the steps."""
    limit, wanted = settings["pull_run_limit_seconds"], sum(step["seconds"] for step in settings["release_steps"])
    if wanted and wanted + OUTSIDE_STEPS_SECONDS > limit:
        yield (
            f"environments/{environment}.yml: release_steps take {wanted} s, wanted at most"
            f" {max(0, limit - OUTSIDE_STEPS_SECONDS)} s: a run ends after {limit} s (pull_run_limit_seconds) and needs"
            f" {OUTSIDE_STEPS_SECONDS} s for everything else"
        )


def check(
    content: dict[str, Any], kinds: dict[str, Kind], *, complete: bool = True, optional: Collection[str] = ()
) -> Iterator[str]:
    """Yield the problems of keys and values. If `complete`, a missing key is a problem too, unless it is optional."""
    for key, value in content.items():
        if isinstance(value, str) and PASSWORD.search(value):
            yield f"{key} contains a password: wanted an address without one, because git keeps it forever"
        elif isinstance(value, str) and value.startswith(KEY_PREFIX):
            yield f"{key} contains a key: wanted its sha256. Withdraw that key, because git keeps it forever"
        elif key not in kinds:
            yield f"{key}={_short(value)}: no such key, the nearest is {_nearest(str(key), kinds)!r}"
        elif not kinds[key].fits(value):
            yield f"{key}={_short(value)}: wanted {kinds[key].wanted}"
    if complete:
        missing = [key for key in kinds if key not in content and key not in optional]
        yield from (f"{key} is missing: wanted {kinds[key].wanted}" for key in missing)


def check_settings(content: dict[str, Any], *, complete: bool) -> Iterator[str]:
    """Yield the problems of base.yml, which has to be complete, or of the file of an environment."""
    yield from check(content, KEYS, complete=complete)
    if complete and content.get("api_access") == "open":
        yield "api_access='open': wanted keys: an environment is public only if its own file says so"
    clients, steps = content.get("api_clients"), content.get("release_steps")
    if isinstance(clients, list):
        yield from check_clients(clients)
    if isinstance(steps, list):
        yield from check_steps(steps)


def check_steps(steps: list[Any]) -> Iterator[str]:
    """Yield the problems of the steps of a release."""
    percents: list[Any] = []
    for place, step in enumerate(steps):
        if isinstance(step, dict):
            yield from (f"release_steps: entry {place}: {problem}" for problem in check(step, STEP))
            percents.append(step.get("percent"))
        else:
            yield f"release_steps: entry {place} is {_short(step)}: wanted percent and seconds"
    known = [percent for percent in percents if STEP["percent"].fits(percent)]
    for before, after in pairwise(known):
        if after <= before:
            yield f"release_steps: percent={after} after percent={before}: wanted a larger one in each step"


def check_clients(clients: list[Any]) -> Iterator[str]:
    """Yield the problems of the list of clients. A key must belong to one client, or it would not say who asks."""
    names, hashes = [], []
    for place, client in enumerate(clients):
        if not isinstance(client, dict):
            yield f"api_clients: entry {place} is {_short(client)}: wanted name and keys"
            continue
        names.append(client.get("name"))
        where = f"api_clients: {names[-1] if CLIENT['name'].fits(names[-1]) else f'entry {place}'}"
        yield from (f"{where}: {problem}" for problem in check(client, CLIENT, optional=("requests_per_second",)))
        keys = client.get("keys")
        for key in keys if isinstance(keys, list) else []:
            if isinstance(key, dict):
                hashes.append(key.get("sha256"))
                yield from (f"{where}: keys: {problem}" for problem in check(key, CLIENT_KEY, optional=("expires",)))
            else:
                yield f"{where}: keys: {_short(key)}: wanted sha256, as in `- sha256: ...`"
    for word, values in (("name", names), ("sha256", hashes)):
        found = Counter(value for value in values if isinstance(value, str))
        yield from (f"api_clients: {word}={value!r} is listed twice" for value, count in found.items() if count > 1)


def check_release(content: dict[str, Any]) -> Iterator[str]:
    """Yield the problems of a release. An empty one is fine: nothing is released yet."""
    if not content:
        return
    yield from check(content, RELEASE)
    models = content.get("models")
    if not isinstance(models, dict):
        return
    for name, model in models.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield f"models: {name!r}: wanted a name of letters, digits, dots, dashes and underscores"
        if not isinstance(model, dict):
            yield f"models: {name}={_short(model)}: wanted uri and sha256"
        else:
            yield from (f"models: {name}: {problem}" for problem in check(model, MODEL))
    default = content.get("default_model")
    if isinstance(default, str) and default not in models:
        yield f"default_model={default!r}: wanted one of {', '.join(map(str, models))}"


def _nearest(word: str, known: Collection[str]) -> str:
    return difflib.get_close_matches(word, known, n=1, cutoff=0)[0]


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
