"""rehearsal/checkout.py: names and ports, and facts that other files repeat."""

import yaml

from containers.registry import CONFIGURATION
from rehearsal.checkout import LOWEST_PORT, PORTS, REGISTRY, Checkout
from rehearsal.servers import LAYERS, repository
from workstation import ports
from workstation.paths import ROOT


def test_the_environment_lets_docker_talk_to_the_registry_of_the_rehearsal() -> None:
    local = yaml.safe_load((ROOT / "environments" / "local.yml").read_text())
    assert local["docker_insecure_registries"] == [REGISTRY]


def test_the_registry_listens_where_hosts_look_for_it() -> None:
    settings = yaml.safe_load(CONFIGURATION.read_text())
    assert REGISTRY.endswith(settings["http"]["addr"])
    assert settings["storage"]["filesystem"]["rootdirectory"] == LAYERS


def test_the_remote_has_an_address_that_needs_no_login() -> None:
    assert repository() == "git://git-server/slipway.git"


def test_two_checkouts_never_meet() -> None:
    one, other = Checkout(identity="00000001"), Checkout(identity="00000002")
    assert one.named("host") != other.named("host")
    assert one.first_port() != other.first_port()


def test_each_checkout_starts_at_its_own_port_below_those_of_outgoing_connections() -> None:
    first = [Checkout(identity=identity).first_port() for identity in ("00000000", "0123abcd", "ffffffff")]
    assert len(set(first)) == 3
    assert all(LOWEST_PORT <= port < LOWEST_PORT + PORTS + ports.TRIED <= 32768 for port in first)
