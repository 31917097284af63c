"""Fetches a bundle from a folder or from an MLflow URI such as models:/california/7."""

from __future__ import annotations

from pathlib import Path

from training.config import Config
from training.data.source import redacted
from training.errors import TrainingError
from training.tracking import telemetry


def bundle(location: str, config: Config, folder: Path) -> Path:
    """Return the local folder of the bundle at `location`. A remote bundle is downloaded to `folder`."""
    if ":/" not in location:
        return Path(location)
    # MLflow takes seconds to import, and a local folder needs none of it.
    telemetry.disable()
    from training.tracking import runs

    try:
        return runs.download(location, config, folder)
    except TrainingError:
        raise
    except Exception as error:  # each artifact store has its own exceptions
        raise TrainingError(f"{redacted(location)}: download failed: {error}") from error
