"""MLflow's server, asked whether it is there before anything is spent on a training that could not be logged."""

from __future__ import annotations

import urllib.error
import urllib.request

from training.config import Config
from training.errors import TrainingError
from training.source import shown

TIMEOUT_SECONDS = 10


def require(config: Config) -> None:
    """Raise TrainingError where the tracking server does not answer; MLflow itself would try for minutes."""
    if not config.tracking_uri.startswith(("http://", "https://")):
        return
    try:
        # Without user and password, which /health needs none of. The scheme was checked above.
        url = f"{shown(config.tracking_uri).rstrip('/')}/health"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return
    except urllib.error.HTTPError:
        # Somebody answers, perhaps a gateway that wants a login; MLflow knows what to do then.
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrainingError(
            f"tracking_uri={shown(config.tracking_uri)!r}: no server answers there ({reason})"
        ) from error
