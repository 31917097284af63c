"""agent/scope.py"""

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
    ],
)
def test_a_change_concerns_the_roles_that_read_it(paths: list[str], roles: tuple[str, ...] | None) -> None:
    assert scope.of(paths, "prod") == roles


def test_environments_are_those_that_there_are() -> None:
    known = {path.stem for path in (ROOT / "environments").glob("*.yml")} - {"base"}
    assert known == set(scope.ENVIRONMENTS)


def test_every_top_level_entry_that_no_role_reads_exists_or_is_to_come() -> None:
    listing = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files"]
    tracked = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    top = {path.split("/")[0] for path in tracked}
    assert scope.NOTHING - top <= {"charts", "molecule", "rehearsal", "terraform"}
