"""Where a rehearsal's things are and what they are called: all of it derives from the checkout's path."""

from dataclasses import dataclass
from pathlib import Path

from containers import registry
from workstation.paths import ROOT, cache, identity

# What the containers are called among each other, and in environments/local.yml.
GIT_SERVER, REGISTRY = "git-server", registry.ADDRESS
BRANCH, ENVIRONMENT = "local", "local"
# Below what the kernel deals to outgoing connections, so that nobody takes a port by chance.
LOWEST_PORT, PORTS = 20000, 12000


@dataclass(frozen=True)
class Checkout:
    """One checkout's rehearsal."""

    root: Path = ROOT
    identity: str = identity()

    @property
    def folder(self) -> Path:
        """All that a rehearsal keeps; `down` removes it."""
        return self.root / "var" / "rehearsal"

    @property
    def state(self) -> Path:
        """What the next command has to know."""
        return self.folder / "state.json"

    @property
    def remote(self) -> Path:
        """The repository that the host follows."""
        return self.folder / "remote.git"

    @property
    def cloud_init(self) -> Path:
        """What cloud-init reads on the host."""
        return self.folder / "cloud-init"

    @property
    def ca(self) -> Path:
        """The certificate of the host's own authority."""
        return self.folder / "ca.crt"

    @property
    def credentials(self) -> Path:
        """MLflow's address and login, as variables of a shell."""
        return self.folder / "credentials"

    @property
    def training(self) -> Path:
        """What trainings of `make up` write."""
        return self.folder / "training"

    @property
    def layers(self) -> Path:
        """What the registry keeps, for all checkouts of this user: layers are stored by their digests."""
        return cache() / "registry"

    def named(self, what: str) -> str:
        """Return what a container or network is called in the engine."""
        return f"slipway-{self.identity}-{what}"

    def first_port(self) -> int:
        """Return where this checkout begins to look for free ports."""
        return LOWEST_PORT + int(self.identity, 16) % PORTS
