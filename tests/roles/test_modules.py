"""Tasks call our modules with options that the modules have. ansible-lint cannot check that: it imports no plugins."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from workstation.paths import ROOT

FILES = sorted(path for path in ROOT.glob("roles/*/*/*.yml") if path.parent.name in ("tasks", "handlers"))


def calls(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The modules of ours that a file calls, each with its options."""
    tasks: list[dict[str, Any]] = yaml.safe_load(path.read_text())
    return [(name, task[name]) for task in tasks for name in task if name.startswith("slipway_")]


CALLS = [(path, name, options) for path in FILES for name, options in calls(path)]


@pytest.mark.parametrize(
    ("path", "name", "options"), CALLS, ids=[f"{path.relative_to(ROOT / 'roles')}-{name}" for path, name, _ in CALLS]
)
def test_a_task_passes_the_options_that_a_module_has(path: Path, name: str, options: dict[str, Any]) -> None:
    spec = importlib.import_module(f"plugins.modules.{name}").SPEC
    assert options.keys() <= spec.keys()
    assert {key for key, value in spec.items() if value.get("required")} <= options.keys()


@pytest.mark.parametrize("path", sorted(ROOT.glob("plugins/modules/slipway_*.py")), ids=lambda path: path.stem)
def test_the_documentation_of_a_module_has_its_options(path: Path) -> None:
    module = importlib.import_module(f"plugins.modules.{path.stem}")
    documented = yaml.safe_load(module.DOCUMENTATION)
    assert documented["module"] == path.stem
    assert documented["options"].keys() == module.SPEC.keys()
    for name, option in module.SPEC.items():
        assert documented["options"][name].get("required", False) == option.get("required", False), name
        assert documented["options"][name].get("default") == option.get("default"), name
        assert documented["options"][name]["type"] == option["type"], name
