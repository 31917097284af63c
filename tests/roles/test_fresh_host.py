"""A host on which nothing is installed yet says what would change, and is left as it is."""

from collections.abc import Iterator

import pytest

from containers import machines
from containers.docker import docker
from containers.images import make
from containers.scenarios import playbook
from workstation.paths import ROOT, identity

pytestmark = pytest.mark.slow
NAME = f"slipway-fresh-{identity()}"
PACKAGES = ("haproxy", "containerd", "docker-cli", "docker-registry", "docker.io", "runc")
PLACES = ("/usr/local/lib/slipway", "/var/lib/slipway", "/run/slipway", "/etc/haproxy", "/etc/docker")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    make("host")
    machines.remove(NAME)
    machines.start(NAME, "--volume", f"{ROOT}:/src:ro")
    docker("exec", NAME, "dpkg", "--purge", "--force-depends", *PACKAGES)
    docker("exec", NAME, "rm", "--recursive", "--force", "/etc/haproxy", "/etc/docker")
    monkeypatch.setenv("SLIPWAY_MACHINE", NAME)
    monkeypatch.setenv("SLIPWAY_TAGS", "all")
    yield NAME
    machines.remove(NAME)


def test_the_whole_site_can_be_checked(fresh: str) -> None:
    code, output = playbook.run("--check")
    assert code == 0, output
    assert " changed=0 " not in output
    there = docker("exec", NAME, "sh", "-c", f"ls --directory {' '.join(PLACES)} 2>/dev/null; true")
    assert there == ""
