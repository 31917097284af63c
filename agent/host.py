"""What this host is: /etc/slipway/host.json, written once by its bootstrap."""

import os
import re
from typing import Any, NamedTuple

from agent.document import build, load
from agent.errors import ConfigError
from agent.paths import Paths

# What a host can be: `api` serves predictions, `ops` tracks and watches.
GROUPS = ("api", "ops")
WORD = re.compile(r"[a-z][a-z0-9-]{0,62}")
# git's own rules are longer; these names need no quoting anywhere.
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
# What begins an expression, a statement or a comment of Jinja.
TEMPLATE = re.compile(r"\{[{%#]")
PASSWORD = re.compile(r"^[a-z+]+://[^/@]*:[^/@]*@|^https?://[^/@]+@")


class Host(NamedTuple):
    """The keys of host.json; docs/agent.md gets its table from the comments."""

    environment: str  # the name of a file in `environments/`, without `.yml`
    groups: tuple[str, ...]  # a list: `api` serves predictions, `ops` tracks and watches
    repository: str  # any URL or path that git can fetch from, without a password in it
    branch: str  # the branch that this host follows
    name: str  # the name of this host; by default the machine's own
    vault: str = ""  # the https:// address of Vault, if the environment's secrets come from Vault

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return self._asdict() | {"groups": list(self.groups)}


def read(paths: Paths) -> Host:
    """Return what the host is; raises ConfigError."""
    try:
        document = load(paths.host)
    except FileNotFoundError:
        raise ConfigError(f"{paths.host}: is missing: the host's bootstrap writes it, see docs/agent.md") from None
    # Before anything is echoed: not even an error may show a password.
    _check_secrets(paths, document)
    host = build(Host, {"name": os.uname().nodename} | document, paths.host)
    _check(paths, host)
    return host


def _check_secrets(paths: Paths, document: dict[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, str) and PASSWORD.search(value):
            raise ConfigError(
                f"{paths.host}: {key} holds a password or token, wanted an address without one:"
                " every process could read it; give it to git's credential helper, or use an SSH key"
            )


def _check(paths: Paths, host: Host) -> None:
    def refuse(key: str, value: str, wanted: str) -> ConfigError:
        return ConfigError(f"{paths.host}: {key}={value!r}: wanted {wanted}")

    for key, value in host.document().items():
        # They stand in Ansible's inventory, whose texts are rendered, as root.
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
    if host.vault and not host.vault.startswith(("https://", "http://")):
        raise refuse("vault", host.vault, "the https:// address of Vault")
    if not host.name:
        raise refuse("name", host.name, "a name, since this machine has none of its own")
