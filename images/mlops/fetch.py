"""Downloads what MLflow has at an address into a folder: python -P -m images.mlops.fetch URI DEST.

URI is any artifact address of MLflow's: models:/name/version, runs:/id/path, mlflow-artifacts:/path, s3://bucket/key.
DEST appears when it is whole. From the environment: MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME, and the file with
the password, MLFLOW_TRACKING_PASSWORD_FILE.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

from images.mlops.errors import Refused
from training.tracking import server

PASSWORD_FILE = "MLFLOW_TRACKING_PASSWORD_FILE"  # noqa: S105 a variable's name
# Of a server that has just answered.
RETRIES = "2"
MOST_TOLD = 300


def log_in() -> None:
    """Read the password into this process's environment, where MLflow looks for it."""
    if not (name := os.environ.get(PASSWORD_FILE)):
        return
    try:
        os.environ["MLFLOW_TRACKING_PASSWORD"] = Path(name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(f"{PASSWORD_FILE}={name}: {error.strerror}") from None


def require_server() -> None:
    """See that the tracking server answers, before the two seconds that importing MLflow takes."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address.startswith(("http://", "https://")):
        raise Refused(f"MLFLOW_TRACKING_URI={address!r}: wanted http(s)://...")
    try:
        server.ask(address)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Refused(f"MLFLOW_TRACKING_URI={address}: no MLflow answers there ({reason})") from None


def download(uri: str, folder: Path) -> Path:
    """Return where below `folder` the files are."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES)
    # Its bar of progress is for terminals.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
    except MlflowException as error:
        if "error code 401" in error.message:
            user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
            raise Refused(f"{uri}: MLflow refuses the login of {user!r}: wanted its password now") from None
        raise Refused(f"{uri}: {_said(error.message)}") from None
    except Exception as error:
        # Stores have errors of their own: a bucket's, a file's.
        raise Refused(f"{uri}: {type(error).__name__}: {_said(str(error))}") from None


def fetch(uri: str, target: Path) -> None:
    """Have the files at `target`, in one go."""
    if target.exists():
        raise Refused(f"{target}: is there already")
    log_in()
    if uri.startswith(("models:", "runs:", "mlflow-artifacts:")):
        require_server()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        found = download(uri, Path(folder))
        if not found.is_dir():
            raise Refused(f"{uri}: is a file; wanted a folder")
        # A bundle is no secret, and whoever serves it is another user than the one that fetches it.
        found.chmod(0o755)
        found.rename(target)


def _said(message: str) -> str:
    """Return it as one line, and not all of what a store may have to tell."""
    return " ".join(message.split())[:MOST_TOLD].rstrip(".")


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        fetch(arguments[0], Path(arguments[1]))
    except Refused as refused:
        print(f"slipway: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
