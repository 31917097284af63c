"""The role `gateway` with `tls: acme` on a fresh machine, with pebble as the public authority.

test_pebble.py has the command alone; this is about what the role adds: the order in time, the units, their sandbox.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from agent.health import certificate as health
from containers import machines
from containers.images import make
from containers.scenarios import playbook
from tests.roles.gateway import haproxy_container
from tests.roles.gateway.haproxy_container import DIRECTORY, DOMAIN, HOST, REFUSED, Container
from workstation.paths import ROOT, identity

# Each test converges the machine three times or so.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NAME = f"slipway-public-authority-{identity()}"
# The issuer of the certificate that a new connection gets.
ISSUER = "openssl s_client -connect localhost:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer"
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A fresh machine that pebble can reach under the domain."""
    make("host")
    machines.remove(NAME)
    machines.start(NAME, "--volume", f"{ROOT}:/src:ro", *haproxy_container.options_for_pebble())
    try:
        made = Container(NAME)
        haproxy_container.configure_pebble(made, tmp_path_factory.mktemp("pebble"))
        yield made
    finally:
        machines.remove(NAME)


@pytest.fixture(autouse=True)
def scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_MACHINE", NAME)
    monkeypatch.setenv("SLIPWAY_TAGS", "gateway")


def converge(domain: str = DOMAIN) -> str:
    """Run the role; return the end of Ansible's output."""
    code, output = playbook.run(tls="acme", domain=domain, acme_directory=DIRECTORY)
    assert code == 0, output
    return output.strip().splitlines()[-1]


def wait_until(condition: Callable[[], bool], host: Container) -> None:
    """Wait for what a unit does in the background; fails with its journal."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, host.run("journalctl", "--no-pager", "--unit=slipway-certificate")
        time.sleep(0.1)


def test_a_fresh_host_gets_a_certificate_by_itself(host: Container) -> None:
    converge()
    wait_until(lambda: "Pebble" in host.run("sh", "-c", ISSUER), host)
    assert host.report()["problem"] == ""
    assert "changed=0 " in converge()


def test_a_refused_order_is_tried_again_later_and_the_certificate_stays(host: Container) -> None:
    before = haproxy_container.serial(host)
    converge(REFUSED)
    state = ["systemctl", "show", "--property=SubState", "--value", "slipway-certificate.service"]
    wait_until(lambda: host.run(*state) == "auto-restart", host)
    assert haproxy_container.serial(host) == before
    assert "Pebble" in host.run("sh", "-c", ISSUER)
    said = health.problem(host.report(), 0)
    assert said.startswith(f"{DIRECTORY} gave no certificate for {REFUSED}: ")
    assert "slipway_certificate_renewal_failing 1" in host.run("cat", str(HOST.metrics))
    # The next run has nothing to change, and does not hide the problem.
    assert "changed=0 " in converge(REFUSED)
    assert health.problem(host.report(), 0) == said
    converge()
    wait_until(lambda: host.report()["problem"] == "", host)
    assert haproxy_container.serial(host) == before
