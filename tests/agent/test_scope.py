"""agent/scope.py"""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from agent import scope

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = None


@pytest.mark.parametrize(
    ("paths", "roles"),
    [
        ([], ()),
        (["release.yml"], ("api",)),
        (["roles/mlflow/tasks/main.yml"], ("mlflow",)),
        (["roles/mlflow/tasks/main.yml", "release.yml", "docs/x.md"], ("api", "mlflow")),
        (["agent/run.py"], ("pull",)),
        (["app/server.py", "README.md", ".github/workflows/ci.yml"], ()),
        (["environments/staging.yml"], ()),
        (["environments/prod.yml"], EVERYTHING),
        (["environments/base.yml"], EVERYTHING),
        (["environments/schema.py"], EVERYTHING),
        (["environments/qa.yml"], EVERYTHING),
        (["site.yml"], EVERYTHING),
        (["ansible.cfg"], EVERYTHING),
        (["something/new"], EVERYTHING),
        (["release.yml", "something/new"], EVERYTHING),
        # What other roles build on, what decides about order, and what is no role at all.
        (["roles/secrets/tasks/main.yml"], EVERYTHING),
        (["roles/docker/tasks/main.yml"], EVERYTHING),
        (["roles/api/meta/main.yml"], EVERYTHING),
        (["roles/requirements.yml"], EVERYTHING),
        (["plugins/modules/slipway_release.py"], ("api",)),
        (["plugins/module_utils/slipway/docker.py", "docs/x.md"], ("api", "mlflow")),
        (["plugins/modules/slipway_secrets.py"], EVERYTHING),
        (["plugins/modules/slipway_new.py"], EVERYTHING),
        (["plugins/action/check_settings.py"], EVERYTHING),
    ],
)
def test_a_change_concerns_the_roles_that_read_it(paths: list[str], roles: tuple[str, ...] | None) -> None:
    assert scope.of(paths, "prod") == roles


def test_environments_are_those_that_there_are() -> None:
    known = {path.stem for path in (ROOT / "environments").glob("*.yml")} - {"base"}
    assert known == set(scope.ENVIRONMENTS)


def test_every_top_level_entry_is_in_the_table() -> None:
    listing = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files"]
    names = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert {name.split("/")[0] for name in names if (ROOT / name).exists()} <= scope.TABLE.keys()


def test_every_entry_of_the_table_exists_or_is_to_come() -> None:
    assert {entry for entry in scope.TABLE if not (ROOT / entry).exists()} <= {"charts", "containers", "terraform"}


PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.name != "__init__.py")


def uses() -> dict[Path, set[str]]:
    """The roles that use each plugin: by a task, or by way of another plugin that imports it."""
    found = {path: {role for role, text in TASKS.items() if calls(text, path)} for path in PLUGINS}
    changed = True
    while changed:
        changed = False
        for user, roles in list(found.items()):
            for used in imported(user):
                changed |= not roles <= found[used]
                found[used] |= roles
    return found


def calls(tasks: str, path: Path) -> bool:
    return path.parent.name == "modules" and re.search(rf"^ +{path.stem}:$", tasks, re.M) is not None


def imported(path: Path) -> set[Path]:
    """The plugins that a plugin imports, all of which do so by relative imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            found |= {folder.with_suffix(".py"), *(folder / f"{alias.name}.py" for alias in node.names)}
    return found & set(PLUGINS)


TASKS = {
    role.name: "".join(path.read_text() for path in sorted(role.rglob("*.yml"))) for role in (ROOT / "roles").iterdir()
}
USES = uses()


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_a_plugin_concerns_the_roles_that_use_it(path: Path) -> None:
    roles = scope.TABLE[str(path.relative_to(ROOT))]
    if path.parent.name == "action":
        # site.yml calls it before any role.
        assert f"{path.stem}:" in (ROOT / "site.yml").read_text()
        assert roles is scope.ALL
    else:
        assert USES[path], "no role uses it"
        assert roles == frozenset(USES[path])


def test_a_role_that_others_build_on_concerns_all_also_by_its_plugins() -> None:
    assert {path.stem for path in PLUGINS if scope.SHARED & USES[path]}
    for path in PLUGINS:
        if scope.SHARED & USES[path]:
            assert scope.of([str(path.relative_to(ROOT))], "prod") is EVERYTHING
