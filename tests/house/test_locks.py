"""requirements/*.txt lock what pyproject.toml asks for, with hashes, and name no package index."""

import importlib.metadata
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# Packages for training, tracking and plots, with their dependencies.
TRAINING = {"mlflow", "mlflow-skinny", "pandas", "pyarrow", "matplotlib", "boto3", "scikit-learn", "joblib"}
TRAINING |= {"threadpoolctl", "narwhals", "sympy", "sqlalchemy", "pydantic", "fastapi", "gunicorn", "pip", "setuptools"}
ENVIRONMENTS = [
    {"python_version": version, "python_full_version": f"{version}.1", "sys_platform": "linux", "extra": ""}
    for version in ("3.11", "3.12", "3.13")
]


@cache
def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


@cache
def pins(name: str) -> list[Requirement]:
    """Return the pins of a lock; a package may have several versions."""
    return [Requirement(pin) for pin in re.findall(r"^([a-z0-9][^\\\n]*?)\s*\\?$", lock(name), re.MULTILINE)]


def wanted(extra: str) -> list[Requirement]:
    """Return the requirements of an extra, with those of the extras that it includes."""
    found = []
    for requirement in map(Requirement, EXTRAS[extra]):
        found += (
            [inner for name in requirement.extras for inner in wanted(name)]
            if requirement.name == "slipway"
            else [requirement]
        )
    return found


@cache
def names(name: str) -> set[str]:
    return {canonicalize_name(pin.name) for pin in pins(name)}


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment["python_version"])
def test_every_requirement_is_locked_once_at_a_version_that_it_allows(name: str, environment: dict[str, str]) -> None:
    for requirement in wanted(name):
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        found = [
            pin
            for pin in pins(name)
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
            and (pin.marker is None or pin.marker.evaluate(environment))
        ]
        assert len(found) == 1, f"{requirement} in requirements/{name}.txt: run `make lock`"
        (version,) = (specifier.version for specifier in found[0].specifier)
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: run `make lock`"


@pytest.mark.parametrize("name", EXTRAS)
def test_every_pin_is_there_for_a_reason_that_still_holds(name: str) -> None:
    asked = {canonicalize_name(requirement.name) for requirement in wanted(name)}
    for pin, reasons in re.findall(r"^([a-z0-9-]+)==[^#]+# via (.*)$", lock(name), re.MULTILINE):
        for reason in reasons.split(", "):
            if reason.startswith("slipway"):
                assert pin in asked, f"{pin} is in requirements/{name}.txt, not in pyproject.toml: run `make lock`"
            elif not reason.startswith("-c "):
                assert canonicalize_name(reason) in names(name), f"{pin} is locked for {reason}, which is not"


@pytest.mark.parametrize("name", EXTRAS)
def test_every_pin_has_hashes_and_no_line_says_where_packages_come_from(name: str) -> None:
    text = lock(name)
    assert not re.findall(r"^-", text, re.MULTILINE)
    assert "://" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize(("smaller", "larger"), [("api", "mlops"), ("mlops", "dev")])
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment["python_version"])
def test_a_smaller_lock_installs_a_part_of_a_larger_one(smaller: str, larger: str, environment: dict[str, str]) -> None:
    def installed(name: str) -> set[str]:
        # The markers may differ, so compare without them.
        found = (pin for pin in pins(name) if pin.marker is None or pin.marker.evaluate(environment))
        return {f"{pin.name}{pin.specifier}" for pin in found}

    assert installed(smaller) <= installed(larger)


def test_the_api_lock_holds_nothing_of_training() -> None:
    assert not TRAINING & names("api")


def test_this_environment_is_what_the_dev_lock_says() -> None:
    for pin in pins("dev"):
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(importlib.metadata.version(pin.name)), pin.name
