"""The two kinds of database that the server keeps: runs and models, and the users who may log in."""

from __future__ import annotations

from pathlib import Path

import mlflow
import sqlalchemy
from database import Schema

PACKAGE = Path(mlflow.__file__).parent


def tracking() -> Schema:
    """Runs and models."""
    return Schema("alembic_version", PACKAGE / "store" / "db_migrations", _upgrade_tracking)


def users() -> Schema:
    """Users and what they may do."""
    return Schema("alembic_version_auth", PACKAGE / "server" / "auth" / "db" / "migrations", _upgrade_users)


def _upgrade_tracking(path: Path) -> None:
    # What `mlflow db upgrade` calls.
    from mlflow.store.db.utils import _upgrade_db

    _upgrade_db(sqlalchemy.create_engine(f"sqlite:///{path}"))  # type: ignore[no-untyped-call]


def _upgrade_users(path: Path) -> None:
    from mlflow.server.auth.db.utils import migrate

    migrate(sqlalchemy.create_engine(f"sqlite:///{path}"), "head")
