"""images/mlops/database.py"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config

from images.mlops import database, schemas
from images.mlops.errors import Refused

SCRIPT = """
revision = "{revision}"
down_revision = {before!r}
"""


def create(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE version (version_num)")
        connection.execute("INSERT INTO version VALUES ('b2')")


def upgrade(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE version SET version_num = 'b2'")


@pytest.fixture
def schema(tmp_path: Path) -> database.Schema:
    """A schema with two revisions, a1 and b2."""
    versions = tmp_path / "scripts" / "versions"
    versions.mkdir(parents=True)
    (versions / "a1.py").write_text(SCRIPT.format(revision="a1", before=None))
    (versions / "b2.py").write_text(SCRIPT.format(revision="b2", before="a1"))
    return database.Schema("version", tmp_path / "scripts", create, upgrade)


@pytest.fixture
def at(tmp_path: Path) -> Callable[[str], Path]:
    """Make a database with a revision."""

    def make(revision: str) -> Path:
        path = tmp_path / "mlflow.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE version (version_num)")
            connection.execute("INSERT INTO version VALUES (?)", (revision,))
        return path

    return make


def test_an_older_one_is_upgraded_and_a_copy_is_kept(schema: database.Schema, at: Callable[[str], Path]) -> None:
    path = at("a1")
    copy = path.with_name("mlflow.db.before-b2")
    assert str(copy) in database.prepare(path, schema)
    assert database.revision_of(path, "version") == "b2"
    assert database.revision_of(copy, "version") == "a1"
    assert {file.name for file in path.parent.glob("mlflow.db*")} == {path.name, copy.name}


def test_one_of_this_image_is_left_alone(schema: database.Schema, at: Callable[[str], Path]) -> None:
    path = at("b2")
    before = path.read_bytes()
    assert database.prepare(path, schema).endswith("is up to date")
    assert path.read_bytes() == before
    assert list(path.parent.glob("mlflow.db*")) == [path]


def test_a_newer_one_is_refused_and_left_alone(schema: database.Schema, at: Callable[[str], Path]) -> None:
    path = at("c3")
    before = path.read_bytes()
    with pytest.raises(Refused, match=r"mlflow.db has revision c3, .* if a newer MLflow wrote it"):
        database.prepare(path, schema)
    assert path.read_bytes() == before


def test_an_interrupted_upgrade_starts_again_from_the_old_database(
    schema: database.Schema, at: Callable[[str], Path]
) -> None:
    def interrupted(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    path = at("a1")
    with pytest.raises(KeyboardInterrupt):
        database.prepare(path, replace(schema, upgrade=interrupted))
    assert database.revision_of(path, "version") == "a1"
    assert "upgraded" in database.prepare(path, schema)
    assert database.revision_of(path, "version") == "b2"


def test_a_new_one_is_there_only_when_it_is_whole(schema: database.Schema, tmp_path: Path) -> None:
    def interrupted(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    path = tmp_path / "mlflow.db"
    with pytest.raises(KeyboardInterrupt):
        database.prepare(path, replace(schema, create=interrupted))
    assert not path.exists()
    assert database.prepare(path, schema).endswith("created")
    assert list(tmp_path.glob("mlflow.db*")) == [path]


def test_what_is_no_database_of_mlflows_is_refused(schema: database.Schema, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(Refused, match="has revision None"):
        database.prepare(tmp_path / "mlflow.db", schema)


@pytest.mark.parametrize("kind", [schemas.tracking, schemas.users], ids=["tracking", "users"])
def test_mlflows_own_are_brought_from_any_revision_to_its_newest(
    kind: Callable[[], database.Schema], tmp_path: Path
) -> None:
    schema, path = kind(), tmp_path / "old.db"
    older = list(schema._directory.walk_revisions())[1].revision
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    if kind is schemas.tracking:
        from mlflow.store.tracking.dbmodels.initial_models import Base

        Base.metadata.create_all(engine)
    config = Config()
    config.set_main_option("script_location", str(schema.scripts))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, older)
    assert database.revision_of(path, schema.table) == older
    assert "upgraded" in database.prepare(path, schema)
    assert database.revision_of(path, schema.table) == schema.head


@pytest.mark.parametrize("kind", [schemas.tracking, schemas.users], ids=["tracking", "users"])
def test_mlflows_own_are_made_at_its_newest_revision(kind: Callable[[], database.Schema], tmp_path: Path) -> None:
    assert database.prepare(tmp_path / "new.db", kind()).endswith("created")
    assert database.prepare(tmp_path / "new.db", kind()).endswith("is up to date")
