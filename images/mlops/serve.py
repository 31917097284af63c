"""Serves MLflow with its login on: one process, what it keeps on the volume /mlflow, its secrets from files.

Settings, from the environment: SLIPWAY_SECRETS, the folder with admin_password and flask_secret_key (/run/secrets);
SLIPWAY_MLFLOW_HOSTS, the names that it is asked under, separated by commas, beside this machine's own and addresses of
private networks.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from images.mlops import database
from images.mlops.errors import Refused
from images.mlops.gate import Gate

FOLDER = Path("/mlflow")
DATABASE = FOLDER / "mlflow.db"
ARTIFACTS = FOLDER / "artifacts"
LOGIN = Path(__file__).with_name("auth.ini")
HOST, PORT = "0.0.0.0", 5000  # noqa: S104 a container's: what may reach it is up to whoever publishes the port
# What requests under way get when the server is stopped: less than the ten seconds that Docker gives.
DRAIN_SECONDS = 8
OWN_NAMES = ("localhost", "127.0.0.1", "[[]::1]")
PRIVATE = ("10.*", "192.168.*", *(f"172.{part}.*" for part in range(16, 32)))


def secret(name: str) -> str:
    """Return the secret's content."""
    path = Path(os.environ.get("SLIPWAY_SECRETS", "/run/secrets")) / name
    try:
        content = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; wanted the secret, for user {os.getuid()} to read") from None
    if not content:
        raise Refused(f"{path}: is empty; wanted the secret")
    return content


def hosts(names: Iterable[str]) -> str:
    """Return patterns of what a request may name as its host; anything else may be another page's trick."""
    known = [*OWN_NAMES, *names]
    return ",".join([*known, *(f"{name}:*" for name in known), *PRIVATE])


def origins(names: Iterable[str]) -> str:
    """Return patterns of whose pages may change something: browsers say so with each POST, also to their own server."""
    return ",".join(pattern for name in names for pattern in (f"https://{name}", f"https://{name}:*"))


def configure() -> None:
    """Set what MLflow reads from the environment; within this process, where no listing of processes shows it."""
    names = [name.strip() for name in os.environ.get("SLIPWAY_MLFLOW_HOSTS", "").split(",") if name.strip()]
    os.environ |= {
        "MLFLOW_AUTH_CONFIG_PATH": str(LOGIN),
        "MLFLOW_AUTH_ADMIN_PASSWORD": secret("admin_password"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secret("flask_secret_key"),
        "MLFLOW_SERVER_ALLOWED_HOSTS": hosts(names),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": origins(names),
        # Jobs judge language models; each is a process more.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # What `mlflow server` tells its workers. Itself it would stay beside them, with two hundred megabytes.
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{DATABASE}",
        "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{DATABASE}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(ARTIFACTS),
    }


def logins() -> Path:
    """Return where the users are kept."""
    parser = configparser.ConfigParser()
    parser.read_string(LOGIN.read_text(encoding="utf-8"))
    return Path(parser["mlflow"]["database_uri"].removeprefix("sqlite:///"))


def prepare() -> None:
    """Have both databases at this image's schema."""
    from images.mlops import schemas

    if not os.access(FOLDER, os.W_OK):
        raise Refused(f"{FOLDER}: cannot be written to; wanted a volume that belongs to user {os.getuid()}")
    for path, schema in ((DATABASE, schemas.tracking()), (logins(), schemas.users())):
        print(f"slipway: {database.prepare(path, schema)}", flush=True)


def follow_password() -> None:
    """Give the administrator the password of the file: MLflow itself looks at that only once."""
    from mlflow.server import auth

    auth.bootstrap_admin_user()
    name, password = str(auth.auth_config.admin_username), secret("admin_password")
    if not auth.store.authenticate_user(name, password):
        auth.store.update_user(name, password=password, is_admin=True)
        print(f"slipway: {name} has a new password", flush=True)


def serve() -> None:
    """Serve until SIGTERM."""
    import uvicorn
    from mlflow.server import _UVICORN_LOG_CONFIG, auth, handlers

    handlers.initialize_backend_stores()
    follow_password()
    gate = Gate(auth.create_app(), lambda user, password: auth._authenticate_cached(user, password) is not None)
    uvicorn.run(
        gate,
        host=HOST,
        port=PORT,
        log_config=str(_UVICORN_LOG_CONFIG),
        server_header=False,
        # Whom a proxy speaks for is its own claim, and MLflow lets this machine's own clients do more.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def main() -> int:
    """Return the exit status."""
    # The users' passwords, if only as digests, are among what is written.
    os.umask(0o077)
    try:
        configure()
        prepare()
    except Refused as refused:
        print(f"slipway: {refused}", file=sys.stderr)
        return 1
    serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
