"""Downloads an MLflow artifact into a folder: python -P -m images.mlops.fetch URI DEST.

URI is any artifact URI of MLflow: models:/name/version, runs:/id/path, mlflow-artifacts:/path, s3://bucket/key. DEST
appears only when it is complete. Environment variables: MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME, and
MLFLOW_TRACKING_PASSWORD_FILE, the path of a file with the password.
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
# Few: the server has just answered.
RETRIES = "2"
LONGEST_MESSAGE = 300


def log_in() -> None:
    """Read the password from its file into this process's environment, where MLflow reads it."""
    if not (name := os.environ.get(PASSWORD_FILE)):
        return
    try:
        os.environ["MLFLOW_TRACKING_PASSWORD"] = Path(name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(f"{PASSWORD_FILE}={name}: {error.strerror}") from None


def require_server() -> None:
    """Check that the tracking server answers, before MLflow is imported, which takes two seconds."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address.startswith(("http://", "https://")):
        raise Refused(f"MLFLOW_TRACKING_URI={address!r}: wanted http(s)://...")
    try:
        server.ping(address)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Refused(f"MLFLOW_TRACKING_URI={address}: no MLflow server answers ({reason})") from None


def download(uri: str, folder: Path) -> Path:
    """Download the artifact into `folder` and return its path there."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES)
    # The progress bar is for terminals.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
    except MlflowException as error:
        if "error code 401" in error.message:
            user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
            raise Refused(f"{uri}: MLflow refuses the login of {user!r}: the password is wrong") from None
        raise Refused(f"{uri}: {_shortened(error.message)}") from None
    except Exception as error:
        # Each store has errors of its own, as for a bucket or a file.
        raise Refused(f"{uri}: {type(error).__name__}: {_shortened(str(error))}") from None


def fetch(uri: str, target: Path) -> None:
    """Download the artifact; `target` appears only when it is complete."""
    if target.exists():
        raise Refused(f"{target} exists already")
    log_in()
    if uri.startswith(("models:", "runs:", "mlflow-artifacts:")):
        require_server()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        found = download(uri, Path(folder))
        if not found.is_dir():
            raise Refused(f"{uri} is a file, wanted a folder")
        # A bundle is no secret, and another user serves it.
        found.chmod(0o755)
        found.rename(target)


def _shortened(message: str) -> str:
    """Return a store's message as one line of limited length."""
    return " ".join(message.split())[:LONGEST_MESSAGE].rstrip(".")


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
