"""An SQLite database of MLflow's on the volume: brought up to date before the server opens it, never taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from images.mlops.errors import Refused


@dataclass(frozen=True)
class Schema:
    """How one kind of database changes: where its revision stands, which there are, what makes and upgrades it."""

    table: str
    scripts: Path
    create: Callable[[Path], None]
    upgrade: Callable[[Path], None]

    @property
    def head(self) -> str:
        """The newest revision that this image knows."""
        return str(self._directory.get_current_head())

    def knows(self, revision: str) -> bool:
        """Whether the revision is one of this image's."""
        return any(script.revision == revision for script in self._directory.walk_revisions())

    @property
    def _directory(self) -> ScriptDirectory:
        return ScriptDirectory(str(self.scripts))


def prepare(path: Path, schema: Schema) -> str:
    """Bring the database to the image's schema, keeping what it was; return what was done, for the log.

    SQLite keeps the half of a change that was interrupted, so it is made on a draft, which takes the place at once.
    Raises Refused for one that a newer MLflow has written: there is no way back.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    if not path.exists():
        schema.create(draft)
        draft.replace(path)
        return f"{path}: made"
    revision = revision_of(path, schema.table)
    if revision == schema.head:
        return f"{path}: is up to date"
    if revision is None or not schema.knows(revision):
        raise Refused(
            f"{path}: is at revision {revision}, which this image's MLflow does not know: if a newer one wrote it, "
            f"start that image again, or put back a copy from before ({path.name}.before-*)"
        )
    copy(path, draft)
    schema.upgrade(draft)
    before = keep(path, schema.head)
    draft.replace(path)
    return f"{path}: upgraded from revision {revision} to {schema.head}; what it was is in {before}"


def revision_of(path: Path, table: str) -> str | None:
    """Return the revision that the database is at; None where it holds none."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        if names.fetchone() is None:
            return None
        row = connection.execute(f"SELECT version_num FROM {table}").fetchone()  # noqa: S608 our own constant
        return str(row[0]) if row else None


def copy(path: Path, draft: Path) -> None:
    """Copy the database as of one moment, with what a server that was killed had begun undone."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)


def keep(path: Path, head: str) -> Path:
    """Give the database a second name, under which it stays as it is."""
    before = path.with_name(f"{path.name}.before-{head}")
    before.unlink(missing_ok=True)
    before.hardlink_to(path)
    return before
