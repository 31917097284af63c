"""What a role can be told: each input in one place, and known to Ansible."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from workstation.paths import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
# What site.yml itself sets.
SITE = {"release"}


def read(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


BASE = set(read(ROOT / "environments" / "base.yml"))


def options(role: str) -> dict[str, dict[str, Any]]:
    specs = read(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    found: dict[str, dict[str, Any]] = specs["main"]["options"]
    return found


def defaults(role: str) -> dict[str, Any]:
    return read(ROOT / "roles" / role / "defaults" / "main.yml")


@pytest.mark.parametrize("role", ROLES)
def test_an_input_has_its_value_from_one_place(role: str) -> None:
    required = {name for name, option in options(role).items() if option.get("required")}
    # Required: environments/base.yml has the value. Otherwise the role's own defaults have it.
    assert required <= BASE | SITE
    assert set(options(role)) - required == set(defaults(role))
    assert not set(defaults(role)) & (BASE | SITE)


@pytest.mark.parametrize("role", ROLES)
def test_a_value_that_validates_only_is_given_nowhere(role: str) -> None:
    assert not [name for name, option in options(role).items() if "default" in option]


@pytest.mark.parametrize("role", ROLES)
def test_each_input_says_what_it_is(role: str) -> None:
    assert all(option["description"] for option in options(role).values())


@pytest.mark.parametrize("role", ROLES)
def test_what_is_internal_says_so(role: str) -> None:
    names = set(read(ROOT / "roles" / role / "vars" / "main.yml"))
    assert not [name for name in names if not name.startswith(f"_{role}_")]


def test_each_role_of_the_site_bears_its_name_as_a_tag() -> None:
    plays: list[dict[str, Any]] = yaml.safe_load((ROOT / "site.yml").read_text())
    listed = [entry for play in plays for entry in play.get("roles", [])]
    assert sorted(entry["role"] for entry in listed) == ROLES
    assert all(entry["tags"] == entry["role"] for entry in listed)


def test_the_keys_of_base_that_bear_a_roles_name_are_its_inputs() -> None:
    known = {name for role in ROLES for name in options(role)}
    meant = {key for key in BASE if key.split("_")[0] in ROLES}
    assert meant <= known
