"""A registry on a network of its own, for machines that tests boot; it lives as long as a `with` block."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from containers.docker import docker
from containers.images import make, tag_of
from containers.labels import label
from containers.machines import IMAGE
from containers.registry import ADDRESS, CONFIGURATION, await_answer, push
from workstation.paths import identity


@dataclass(frozen=True)
class TemporaryRegistry:
    """`network` is where machines reach it as registry:5000; `published` is its address on this computer."""

    network: str
    published: str

    def build_and_push(self, name: str) -> str:
        """Build this checkout's image, push it, and return the reference by digest that a machine pulls."""
        make(name)
        return push(name, tag_of(name), self.published).replace(self.published, ADDRESS)


@contextlib.contextmanager
def temporary_registry(name: str) -> Iterator[TemporaryRegistry]:
    """Start a registry; remove it with its network and all its images at the end."""
    network = f"slipway-{name}-{identity()}"
    container = f"{network}-registry"
    _remove(container, network)
    docker("network", "create", "--label", label(), network)
    try:
        host, port = ADDRESS.split(":")
        reachable = ("--network", network, "--network-alias", host, "--publish", f"127.0.0.1::{port}")
        configured = ("--volume", f"{CONFIGURATION}:/etc/registry.yml:ro", "--entrypoint", "docker-registry")
        own = ("--detach", "--name", container, "--label", label())
        docker("run", *own, *reachable, *configured, IMAGE, "serve", "/etc/registry.yml")
        published = docker("port", container, f"{port}/tcp").splitlines()[0]
        await_answer(published)
        yield TemporaryRegistry(network, published)
    finally:
        _remove(container, network)


def _remove(container: str, network: str) -> None:
    docker("rm", "--force", "--volumes", container)
    if network in docker("network", "ls", "--format", "{{.Name}}").split():
        docker("network", "rm", network)
