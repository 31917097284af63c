"""Images by digest for machines that tests boot: a registry on a network of their own, as long as it is needed."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from common import ROOT, identity
from image import make, tag_of
from machine import IMAGE, docker, label
from registry import ADDRESS, await_answer, push

# The rehearsal's registry is configured alike.
CONFIGURATION = ROOT / "rehearsal" / "registry.yml"


@dataclass(frozen=True)
class Shelf:
    """A registry: `network` is where machines find it, `published` where this machine does."""

    network: str
    published: str

    def put(self, name: str) -> str:
        """Build and push this checkout's image; return what a machine calls it."""
        make(name)
        return push(name, tag_of(name), self.published).replace(self.published, ADDRESS)


@contextlib.contextmanager
def shelf(name: str) -> Iterator[Shelf]:
    """Have a registry; its network and all that it holds are gone at the end."""
    network = f"slipway-{name}-{identity()}"
    container = f"{network}-registry"
    _remove(container, network)
    docker("network", "create", "--label", label(), network)
    try:
        host, port = ADDRESS.split(":")
        place = ("--network", network, "--network-alias", host, "--publish", f"127.0.0.1::{port}")
        configured = ("--volume", f"{CONFIGURATION}:/etc/registry.yml:ro", "--entrypoint", "docker-registry")
        own = ("--detach", "--name", container, "--label", label())
        docker("run", *own, *place, *configured, IMAGE, "serve", "/etc/registry.yml")
        published = docker("port", container, f"{port}/tcp").splitlines()[0]
        await_answer(published)
        yield Shelf(network, published)
    finally:
        _remove(container, network)


def _remove(container: str, network: str) -> None:
    docker("rm", "--force", "--volumes", container)
    if network in docker("network", "ls", "--format", "{{.Name}}").split():
        docker("network", "rm", network)
