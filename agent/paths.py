"""Where the agent's files are.

Here and in all that a poll imports: named tuples, since importing `dataclasses` costs an eighth of a poll.
"""

from pathlib import Path
from typing import NamedTuple


class Paths(NamedTuple):
    """`config` is read and never written; `data` is the agent's own."""

    config: Path = Path("/etc/slipway")
    data: Path = Path("/var/lib/slipway")

    @property
    def host(self) -> Path:
        """What the bootstrap said this host is."""
        return self.config / "host.json"

    @property
    def settings(self) -> Path:
        """What the environment says about the agent; may be missing."""
        return self.config / "pull.json"

    @property
    def health(self) -> Path:
        """What each role says how to see whether it works, a file for each."""
        return self.config / "health.d"

    @property
    def state(self) -> Path:
        """What the agent knows of earlier runs."""
        return self.data / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the one run there is."""
        return self.data / "lock"

    @property
    def repository(self) -> Path:
        """The bare repository that commits are fetched into before anything else sees them."""
        return self.data / "repository.git"

    @property
    def checkout(self) -> Path:
        """The work tree of the last run."""
        return self.data / "checkout"

    @property
    def inventory(self) -> Path:
        """What Ansible is told about this host."""
        return self.data / "inventory.json"

    @property
    def gitconfig(self) -> Path:
        """What git is told when ansible-pull calls it."""
        return self.data / "gitconfig"

    @property
    def report(self) -> Path:
        """What the callback wrote during the last run, an event a line."""
        return self.data / "report.jsonl"

    @property
    def metrics(self) -> Path:
        """A folder of the agent's own for node_exporter's textfile collector: it exists before node_exporter does."""
        return self.data / "metrics" / "pull.prom"
