"""The identity of this host: /etc/slipway/host.json, which its bootstrap writes once."""

import os
import re
from typing import Any, NamedTuple

from agent.errors import ConfigError
from agent.json_file import build, load
from agent.paths import Paths

# The groups of hosts: `api` serves predictions, `ops` tracks models and watches.
GROUPS = ("api", "ops")
WORD = re.compile(r"[a-z][a-z0-9-]{0,62}")
# Stricter than git's own rules, so that names need no quoting anywhere.
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
# The start of a Jinja expression, statement or comment.
TEMPLATE = re.compile(r"\{[{%#]")
PASSWORD = re.compile(r"^[a-z+]+://[^/@]*:[^/@]*@|^https?://[^/@]+@")


class Host(NamedTuple):
    """The keys of host.json; docs/agent.md gets its table from the comments."""

    environment: str  # the name of a file in `environments/`, without `.yml`
    groups: tuple[str, ...]  # a list: `api` serves predictions, `ops` tracks and watches
    repository: str  # any URL or path that git can fetch from, without a password in it
    branch: str  # the branch that this host follows
    name: str  # the name of this host; by default the machine's own
    vault: str = ""  # the https:// address of Vault; reserved, since `secrets_source: vault` does not exist yet

    def as_json(self) -> dict[str, Any]:
        """Return the keys and values of host.json."""
        return self._asdict() | {"groups": list(self.groups)}


def read(paths: Paths) -> Host:
    """Return the identity of this host; raises ConfigError."""
    try:
        document = load(paths.host)
    except FileNotFoundError:
        raise ConfigError(f"{paths.host} is missing; the host's bootstrap writes it, see docs/agent.md") from None
    # First, because the errors of the other checks echo values.
    _check_secrets(paths, document)
    host = build(Host, {"name": os.uname().nodename} | document, paths.host)
    _check(paths, host)
    return host


def _check_secrets(paths: Paths, document: dict[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, str) and PASSWORD.search(value):
            raise ConfigError(
                f"{paths.host}: {key} contains a password or token, which every process could read;"
                " wanted an address without one: use git's credential helper or an SSH key"
            )


def _check(paths: Paths, host: Host) -> None:
    def refuse(key: str, value: str, wanted: str) -> ConfigError:
        return ConfigError(f"{paths.host}: {key}={value!r}: wanted {wanted}")

    for key, value in host.as_json().items():
        # These values go into Ansible's inventory, which renders templates as root.
        if isinstance(value, str) and TEMPLATE.search(value):
            raise refuse(key, value, "a plain value, not a template ({{, {% or {#)")
    if not WORD.fullmatch(host.environment):
        raise refuse("environment", host.environment, "the name of a file in environments/, without .yml")
    for group in host.groups:
        if group not in GROUPS:
            raise refuse("groups", group, f"one or more of {', '.join(GROUPS)}")
    if not host.groups:
        raise refuse("groups", "", f"one or more of {', '.join(GROUPS)}")
    if not host.repository or host.repository.startswith("-") or not host.repository.isprintable():
        raise refuse("repository", host.repository, "an address that git can fetch from")
    if not BRANCH.fullmatch(host.branch) or ".." in host.branch or host.branch.endswith(("/", ".", ".lock")):
        raise refuse("branch", host.branch, "the name of a branch")
    if host.vault and not host.vault.startswith("https://"):
        raise refuse("vault", host.vault, "the https:// address of Vault")
    if not host.name:
        raise refuse("name", host.name, "a name, because this machine has none of its own")
