"""Checks that the tracking server answers, before a training that could not be logged."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request

from training.config import Config
from training.data.source import redacted
from training.errors import TrainingError

TIMEOUT_SECONDS = 10


def require(config: Config) -> None:
    """Raise TrainingError if the tracking server does not answer. MLflow itself would retry for minutes."""
    if not config.tracking_uri.startswith(("http://", "https://")):
        return
    try:
        ping(config.tracking_uri)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrainingError(f"tracking_uri={redacted(config.tracking_uri)!r}: no server answers ({reason})") from error


def ping(address: str) -> None:
    """Return if a server answers at an http(s) address. Raises OSError or ValueError if none does."""
    try:
        # /health needs no user and password. The caller has checked the scheme.
        url = f"{redacted(address).rstrip('/')}/health"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=_ssl_context()):  # noqa: S310
            return
    except urllib.error.HTTPError:
        # Something answers, perhaps a gateway that wants a login. MLflow handles that.
        return


def _ssl_context() -> ssl.SSLContext:
    """Return the TLS settings of MLflow's own client, which reads other variables than the rest of Python."""
    bundle = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and not os.path.exists(bundle):
        raise ValueError(f"no such file of trusted certificates: {bundle}")
    context = ssl.create_default_context()
    if bundle:
        context.load_verify_locations(*((None, bundle) if os.path.isdir(bundle) else (bundle, None)))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
