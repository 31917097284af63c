"""Serves MLflow with its login on: one process, its data on the volume /mlflow, its secrets from files.

Environment variables: SLIPWAY_SECRETS, the folder with admin_password and flask_secret_key (default /run/secrets);
SLIPWAY_MLFLOW_HOSTS, the host names that requests may use, separated by commas. Localhost and the addresses of private
networks are always allowed.
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
HOST, PORT = "0.0.0.0", 5000  # noqa: S104 whoever publishes the container's port decides who can reach it
# Running requests get this long when the server is stopped. Docker kills it after ten seconds.
DRAIN_SECONDS = 8
OWN_NAMES = ("localhost", "127.0.0.1", "[[]::1]")
PRIVATE = ("10.*", "192.168.*", *(f"172.{part}.*" for part in range(16, 32)))


def secret(name: str) -> str:
    """Return the secret's content."""
    path = Path(os.environ.get("SLIPWAY_SECRETS", "/run/secrets")) / name
    try:
        content = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; wanted a secret that user {os.getuid()} can read") from None
    if not content:
        raise Refused(f"{path} is empty; wanted a secret")
    return content


def hosts(names: Iterable[str]) -> str:
    """Return patterns of the host names that a request may use; others may come from DNS rebinding."""
    known = [*OWN_NAMES, *names]
    return ",".join([*known, *(f"{name}:*" for name in known), *PRIVATE])


def origins(names: Iterable[str]) -> str:
    """Return patterns of the origins whose pages may send a POST: browsers name the origin with each one."""
    return ",".join(pattern for name in names for pattern in (f"https://{name}", f"https://{name}:*"))


def configure() -> None:
    """Set the variables that MLflow reads, in this process only: no list of processes shows them."""
    names = [name.strip() for name in os.environ.get("SLIPWAY_MLFLOW_HOSTS", "").split(",") if name.strip()]
    os.environ |= {
        "MLFLOW_AUTH_CONFIG_PATH": str(LOGIN),
        "MLFLOW_AUTH_ADMIN_PASSWORD": secret("admin_password"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secret("flask_secret_key"),
        "MLFLOW_SERVER_ALLOWED_HOSTS": hosts(names),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": origins(names),
        # Jobs evaluate language models, each in a process of its own.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # What `mlflow server` sets for its workers. It would itself keep running beside them and take 200 MB.
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{DATABASE}",
        "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{DATABASE}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(ARTIFACTS),
    }


def logins() -> Path:
    """Return the path of the users' database."""
    parser = configparser.ConfigParser()
    parser.read_string(LOGIN.read_text(encoding="utf-8"))
    return Path(parser["mlflow"]["database_uri"].removeprefix("sqlite:///"))


def prepare() -> None:
    """Upgrade both databases to this image's schema."""
    from images.mlops import schemas

    if not os.access(FOLDER, os.W_OK):
        raise Refused(f"{FOLDER} is not writable; wanted a volume that belongs to user {os.getuid()}")
    for path, schema in ((DATABASE, schemas.tracking()), (logins(), schemas.users())):
        print(f"slipway: {database.prepare(path, schema)}", flush=True)


def follow_password() -> None:
    """Set the administrator's password to that of the file: MLflow itself reads it only once."""
    from mlflow.server import auth

    auth.bootstrap_admin_user()
    name, password = str(auth.auth_config.admin_username), secret("admin_password")
    if not auth.store.authenticate_user(name, password):
        auth.store.update_user(name, password=password, is_admin=True)
        print(f"slipway: the password of {name} was changed", flush=True)


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
        # A client could claim any address in a proxy's headers, and MLflow gives local clients more rights.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def main() -> int:
    """Return the exit status."""
    # The databases contain digests of passwords.
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
