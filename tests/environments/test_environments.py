"""environments/*.yml, which say what differs and nothing more."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings import Settings
from environments import schema
from tests import clones

FOLDER = Path(__file__).resolve().parents[2] / "environments"
BASE: dict[str, Any] = yaml.safe_load((FOLDER / "base.yml").read_text())
OTHERS = ["local", "dev", "staging", "prod"]
# What the timer is for, not the agent.
TIMER = {"pull_interval_seconds", "pull_jitter_seconds"}


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return document


def test_base_explains_every_key() -> None:
    explained = True
    for line in (FOLDER / "base.yml").read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        else:
            assert explained, line


def test_base_has_the_keys_of_the_schema_in_its_order() -> None:
    assert list(BASE) == list(schema.KEYS)


@pytest.mark.parametrize("name", OTHERS)
def test_an_environment_says_only_what_differs(name: str) -> None:
    for key, value in read(name).items():
        assert value != BASE[key], key


def test_each_environment_has_a_branch_and_a_domain_of_its_own() -> None:
    whole = [BASE | read(name) for name in OTHERS]
    assert [each["branch"] for each in whole] == ["local", "main", "staging", "prod"]
    assert len({each["domain"] for each in whole}) == len(OTHERS)


def test_local_and_dev_are_open() -> None:
    assert BASE["api_access"] == "keys"
    assert [read(name).get("api_access") for name in ("local", "dev")] == ["open", "open"]


def test_what_is_said_of_the_agent_is_what_it_can_be_told() -> None:
    known = {f"pull_{name}" for name in Settings._fields}
    assert {key for key in BASE if key.startswith("pull_")} - TIMER <= known


def test_the_agents_defaults_are_those_of_base() -> None:
    for name, default in Settings()._asdict().items():
        assert BASE.get(f"pull_{name}", default) == default


@pytest.mark.long
def test_what_a_user_is_told_to_set_passes_these_tests(tmp_path: Path) -> None:
    # As in docs/install.md: this folder's tests hold in the user's own repository too.
    clone = clones.make(tmp_path / "clone", os.environ)
    image = f"registry.example.com/slipway-mlops@sha256:{'a' * 64}"
    told = f"domain: api.example.com\nacme_email: ops@example.com\nmlflow_image: {image}\n"
    for name, domain in (("prod", "api"), ("staging", "staging")):
        text = (clone / "environments" / f"{name}.yml").read_text().splitlines(True)
        kept = "".join(line for line in text if not line.startswith("domain:"))
        (clone / "environments" / f"{name}.yml").write_text(kept + told.replace("api.", f"{domain}."))
    model = {"uri": "models:/california/7", "sha256": "b" * 64}
    release = {"image": image, "default_model": "california", "models": {"california": model}}
    base = clone / "environments" / "base.yml"
    base.write_text(base.read_text().replace('mlflow_image: ""', f"mlflow_image: {image[:-1]}b"))
    (clone / "release.yml").write_text(json.dumps(release))
    tests = (
        "tests/environments/test_environments.py",
        "tests/environments/test_schema.py",
        "tests/roles/test_arguments.py",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow and not long", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=clone, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
