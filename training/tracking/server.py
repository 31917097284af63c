"""MLflow's server, asked whether it is there before anything is spent on a training that could not be logged."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request

from training.config import Config
from training.data.source import shown
from training.errors import TrainingError

TIMEOUT_SECONDS = 10


def require(config: Config) -> None:
    """Raise TrainingError where the tracking server does not answer; MLflow itself would try for minutes."""
    if not config.tracking_uri.startswith(("http://", "https://")):
        return
    try:
        ask(config.tracking_uri)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrainingError(
            f"tracking_uri={shown(config.tracking_uri)!r}: no server answers there ({reason})"
        ) from error


def ask(address: str) -> None:
    """Return when somebody answers at an http(s) address; raises OSError or ValueError where nobody does."""
    try:
        # Without user and password, which /health needs none of. The scheme was checked by the caller.
        url = f"{shown(address).rstrip('/')}/health"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=_trust()):  # noqa: S310
            return
    except urllib.error.HTTPError:
        # Somebody answers, perhaps a gateway that wants a login; MLflow knows what to do then.
        return


def _trust() -> ssl.SSLContext:
    """What MLflow's own client trusts: it is told by other variables than the rest of Python."""
    bundle = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and not os.path.exists(bundle):
        raise ValueError(f"{bundle}, which is to hold the certificates that are trusted, is not there")
    context = ssl.create_default_context()
    if bundle:
        context.load_verify_locations(*((None, bundle) if os.path.isdir(bundle) else (bundle, None)))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
