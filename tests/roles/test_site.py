"""site.yml: each group's role, and what becomes of it on a host that is not in the group."""

from typing import Any

import pytest
import yaml

from agent.host import GROUPS
from plugins.modules import slipway_bundles
from workstation.paths import ROOT

PLAYS: list[dict[str, Any]] = yaml.safe_load((ROOT / "site.yml").read_text())


def roles(hosts: str) -> set[str]:
    return {entry["role"] for play in PLAYS if play["hosts"] == hosts for entry in play.get("roles", [])}


def removed(hosts: str) -> set[str]:
    tasks = [task for play in PLAYS if play["hosts"] == hosts for task in play["tasks"]]
    return {
        task["ansible.builtin.import_role"]["name"]
        for task in tasks
        if task["ansible.builtin.import_role"]["tasks_from"] == "remove"
        and task["tags"] == task["ansible.builtin.import_role"]["name"]
    }


@pytest.mark.parametrize("group", GROUPS)
def test_a_host_that_left_a_group_has_its_roles_removed(group: str) -> None:
    assert roles(group)
    assert removed(f"all:!{group}") == roles(group)


@pytest.mark.parametrize("role", sorted(set().union(*map(roles, GROUPS))))
def test_removing_keeps_what_was_stored(role: str) -> None:
    tasks = yaml.safe_load((ROOT / "roles" / role / "tasks" / "remove.yml").read_text())
    assert {next(key for key in task if key != "name").partition("_")[0] for task in tasks} == {"slipway"}


def test_no_container_is_given_a_file_in_a_way_that_makes_it() -> None:
    files = [
        path
        for folder in ("roles", "plugins")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yml", ".j2"}
    ]
    assert files
    assert not [path for path in files if "--volume=" in path.read_text() or '"--volume"' in path.read_text()]


def test_no_value_is_read_by_what_renders_it() -> None:
    # plugins/action/check_settings.py says why.
    files = [ROOT / "site.yml", *(ROOT / "roles").rglob("*.yml")]
    assert not [path for path in files if "include_vars" in path.read_text() or "vars_files" in path.read_text()]


def test_an_image_that_was_released_before_still_runs() -> None:
    # environments/ pin the image apart from the commit: roles may call in it only what every image of it has.
    serve, fetch = "/opt/slipway/mlops/serve.py", "/opt/slipway/mlops/fetch.py"
    (task,) = yaml.safe_load((ROOT / "roles" / "mlflow" / "tasks" / "run.yml").read_text())
    assert task["slipway_container"]["command"] == ["python", "-P", serve]
    assert fetch == slipway_bundles.FETCH
    links = (ROOT / "images" / "mlops" / "Dockerfile").read_text()
    assert "RUN ln -s images/mlops/serve.py images/mlops/fetch.py images/mlops/auth.ini /opt/slipway/mlops/" in links
