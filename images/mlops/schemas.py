"""The two databases of the server: runs and models, and users with their rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import sqlalchemy
from sqlalchemy.engine import Engine

from images.mlops.database import Schema

PACKAGE = Path(mlflow.__file__).parent


def tracking() -> Schema:
    """Return the schema of runs and models."""
    return Schema("alembic_version", PACKAGE / "store" / "db_migrations", _create_tracking, _upgrade_tracking)


def users() -> Schema:
    """Return the schema of users and their rights."""
    # Its first revision starts with an empty database.
    scripts = PACKAGE / "server" / "auth" / "db" / "migrations"
    return Schema("alembic_version_auth", scripts, _upgrade_users, _upgrade_users)


def _create_tracking(path: Path) -> None:
    from mlflow.store.db.utils import _initialize_tables

    with _engine(path) as engine:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]  # MLflow's own, without types


def _upgrade_tracking(path: Path) -> None:
    # What `mlflow db upgrade` calls.
    from mlflow.store.db.utils import _upgrade_db

    with _engine(path) as engine:
        _upgrade_db(engine)  # type: ignore[no-untyped-call]  # likewise


def _upgrade_users(path: Path) -> None:
    from mlflow.server.auth.db.utils import migrate

    with _engine(path) as engine:
        migrate(engine, "head")


@contextmanager
def _engine(path: Path) -> Iterator[Engine]:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    try:
        yield engine
    finally:
        engine.dispose()
