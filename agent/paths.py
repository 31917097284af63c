"""The paths of the agent's files.

The modules that a poll imports use named tuples: importing `dataclasses` would cost an eighth of a poll.
"""

from pathlib import Path
from typing import NamedTuple


class Paths(NamedTuple):
    """The agent only reads `config`; `data` is its own."""

    config: Path = Path("/etc/slipway")
    data: Path = Path("/var/lib/slipway")

    @property
    def host(self) -> Path:
        """The identity of this host, from its bootstrap."""
        return self.config / "host.json"

    @property
    def settings(self) -> Path:
        """The settings of the agent, from its environment; may be missing."""
        return self.config / "pull.json"

    @property
    def health(self) -> Path:
        """The health checks, a file for each role."""
        return self.config / "health.d"

    @property
    def state(self) -> Path:
        """What the agent remembers of earlier runs."""
        return self.data / "state.json"

    @property
    def lock(self) -> Path:
        """The lock that a run holds."""
        return self.data / "lock"

    @property
    def repository(self) -> Path:
        """The bare repository into which commits are fetched and in which they are checked first."""
        return self.data / "repository.git"

    @property
    def checkout(self) -> Path:
        """The work tree of the last run."""
        return self.data / "checkout"

    @property
    def inventory(self) -> Path:
        """The inventory for Ansible."""
        return self.data / "inventory.json"

    @property
    def gitconfig(self) -> Path:
        """The git configuration for ansible-pull."""
        return self.data / "gitconfig"

    @property
    def report(self) -> Path:
        """The events of the last run of Ansible, one per line."""
        return self.data / "report.jsonl"

    @property
    def metrics(self) -> Path:
        """The metrics, in a folder of the agent's own, which exists before node_exporter is installed."""
        return self.data / "metrics" / "pull.prom"
