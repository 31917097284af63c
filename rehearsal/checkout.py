"""The paths and names of a rehearsal. They all derive from the checkout's path, so two checkouts never share any."""

from dataclasses import dataclass
from pathlib import Path

from containers import registry
from workstation.paths import ROOT, cache, identity

# Host names on the rehearsal's network; environments/local.yml names the registry too.
GIT_SERVER, REGISTRY = "git-server", registry.ADDRESS
BRANCH, ENVIRONMENT = "local", "local"
# Below the ports that the kernel gives to outgoing connections.
LOWEST_PORT, PORTS = 20000, 12000


@dataclass(frozen=True)
class Checkout:
    """A checkout of this repository, with its rehearsal."""

    root: Path = ROOT
    identity: str = identity()

    @property
    def folder(self) -> Path:
        """Everything that a rehearsal writes; `make down` removes it."""
        return self.root / "var" / "rehearsal"

    @property
    def state(self) -> Path:
        """What one command keeps for the next."""
        return self.folder / "state.json"

    @property
    def remote(self) -> Path:
        """The bare repository that the host follows."""
        return self.folder / "remote.git"

    @property
    def cloud_init(self) -> Path:
        """The files that cloud-init reads on the host."""
        return self.folder / "cloud-init"

    @property
    def ca(self) -> Path:
        """The certificate of the host's own authority."""
        return self.folder / "ca.crt"

    @property
    def credentials(self) -> Path:
        """MLflow's address and login, as shell variables."""
        return self.folder / "credentials"

    @property
    def training(self) -> Path:
        """What training runs of `make up` write."""
        return self.folder / "training"

    @property
    def layers(self) -> Path:
        """The registry's storage, shared by all checkouts of this user: it stores layers by digest."""
        return cache() / "registry"

    def named(self, name: str) -> str:
        """Return the name of a container or network in the engine."""
        return f"slipway-{self.identity}-{name}"

    def first_port(self) -> int:
        """Return the port from which this checkout looks for free ones."""
        return LOWEST_PORT + int(self.identity, 16) % PORTS
