"""MLflow's SQLite databases on the volume: upgraded before the server opens them, never downgraded."""

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
    """One kind of database: the table with its revision, its migration scripts, and how to create and upgrade it."""

    table: str
    scripts: Path
    create: Callable[[Path], None]
    upgrade: Callable[[Path], None]

    @property
    def head(self) -> str:
        """The newest revision that this image has."""
        return str(self._directory.get_current_head())

    def knows(self, revision: str) -> bool:
        """Whether this image has the revision."""
        return any(script.revision == revision for script in self._directory.walk_revisions())

    @property
    def _directory(self) -> ScriptDirectory:
        return ScriptDirectory(str(self.scripts))


def prepare(path: Path, schema: Schema) -> str:
    """Upgrade the database to the image's schema, and keep a copy of the old one; return a line for the log.

    An interrupted upgrade would leave SQLite with half of the changes, so it is made on a draft, which then replaces
    the database. Raises Refused for a database of a newer MLflow: it cannot be downgraded.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    if not path.exists():
        schema.create(draft)
        draft.replace(path)
        return f"{path}: created"
    revision = revision_of(path, schema.table)
    if revision == schema.head:
        return f"{path} is up to date"
    if revision is None or not schema.knows(revision):
        raise Refused(
            f"{path} has revision {revision}, which this image's MLflow does not know: if a newer MLflow wrote it, "
            f"start that image again, or restore a copy from before the upgrade ({path.name}.before-*)"
        )
    copy(path, draft)
    schema.upgrade(draft)
    before = keep(path, schema.head)
    draft.replace(path)
    return f"{path}: upgraded from revision {revision} to {schema.head}; the old database is in {before}"


def revision_of(path: Path, table: str) -> str | None:
    """Return the revision of the database, None if it has none."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        if names.fetchone() is None:
            return None
        row = connection.execute(f"SELECT version_num FROM {table}").fetchone()  # noqa: S608 our own constant
        return str(row[0]) if row else None


def copy(path: Path, draft: Path) -> None:
    """Copy a consistent state of the database, without the unfinished transactions of a server that was killed."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)


def keep(path: Path, head: str) -> Path:
    """Hard-link the database to a second name, under which it stays when the draft replaces it."""
    before = path.with_name(f"{path.name}.before-{head}")
    before.unlink(missing_ok=True)
    before.hardlink_to(path)
    return before
