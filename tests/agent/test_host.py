"""agent/host.py"""

import json
from pathlib import Path

import pytest

from agent import host
from agent.errors import ConfigError
from agent.paths import Paths

GOOD = {
    "environment": "prod",
    "groups": ["api", "ops"],
    "repository": "https://git.example.com/team/slipway.git",
    "branch": "prod",
    "name": "web-1",
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, tmp_path)


def read(paths: Paths, **keys: object) -> host.Host:
    paths.host.write_text(json.dumps(GOOD | keys))
    return host.read(paths)


def test_a_host_is_what_its_bootstrap_wrote(paths: Paths) -> None:
    found = read(paths, vault="https://vault.example.com:8200")
    assert (found.environment, found.groups, found.branch) == ("prod", ("api", "ops"), "prod")
    assert found.as_json() == GOOD | {"vault": "https://vault.example.com:8200"}


def test_a_host_without_a_name_has_its_machines(paths: Paths) -> None:
    paths.host.write_text(json.dumps({key: value for key, value in GOOD.items() if key != "name"}))
    assert host.read(paths).name


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("environment", "../prod", "environment='../prod': wanted the name of a file in environments/"),
        ("groups", ["apo"], "groups='apo': wanted one or more of api, ops"),
        ("groups", [], "groups='': wanted one or more of api, ops"),
        ("groups", "api", 'groups="api": wanted a list of texts'),
        ("repository", "", "repository='': wanted an address that git can fetch from"),
        ("repository", "--upload-pack=x", "repository='--upload-pack=x': wanted an address"),
        ("branch", "-x", "branch='-x': wanted the name of a branch"),
        ("branch", "a..b", r"branch='a\.\.b': wanted the name of a branch"),
        ("branch", "a b", "branch='a b': wanted the name of a branch"),
        ("vault", "vault", "vault='vault': wanted the https:// address of Vault"),
        ("name", "", "name='': wanted a name"),
    ],
)
def test_what_cannot_be_used_is_named(paths: Paths, key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(paths, **{key: value})


@pytest.mark.parametrize("key", ["repository", "vault", "misspelt"])
@pytest.mark.parametrize("user", ["me:hunter2", "hunter2"])
def test_a_password_is_refused_and_not_shown(paths: Paths, key: str, user: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} contains a password or token") as caught:
        read(paths, **{key: f"https://{user}@git.example.com/x.git"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["git@git.example.com:team/x.git", "ssh://git@git.example.com/x.git", "/srv/x.git"])
def test_the_user_of_ssh_is_no_secret(paths: Paths, url: str) -> None:
    assert read(paths, repository=url).repository == url


def test_a_missing_file_is_told(paths: Paths) -> None:
    with pytest.raises(ConfigError, match=r"host\.json is missing; the host's bootstrap writes it"):
        host.read(paths)


@pytest.mark.parametrize("key", ["environment", "repository", "branch", "name", "vault"])
def test_what_ansible_would_render_is_refused(paths: Paths, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}=.*: wanted a plain value, not a template"):
        read(paths, **{key: "https://{{lookup(pipe)}}"})
