"""Facts that stand elsewhere too are the same there."""

import yaml

from rehearsal.forge import CONFIGURATION, LAYERS, repository
from rehearsal.place import REGISTRY, ROOT, Place


def test_the_environment_lets_docker_talk_to_the_registry_of_the_rehearsal() -> None:
    local = yaml.safe_load((ROOT / "environments" / "local.yml").read_text())
    assert local["docker_insecure_registries"] == [REGISTRY]


def test_the_registry_listens_where_hosts_look_for_it() -> None:
    settings = yaml.safe_load(CONFIGURATION.read_text())
    assert REGISTRY.endswith(settings["http"]["addr"])
    assert settings["storage"]["filesystem"]["rootdirectory"] == LAYERS


def test_the_remote_has_an_address_that_needs_no_login() -> None:
    assert repository() == "git://forge/slipway.git"


def test_two_checkouts_never_meet() -> None:
    one, other = Place(identity="00000001"), Place(identity="00000002")
    assert one.named("host") != other.named("host")
    assert one.first_port() != other.first_port()
