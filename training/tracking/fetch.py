"""Gets a bundle from a folder or from any address that MLflow knows, such as models:/california/7."""

from __future__ import annotations

from pathlib import Path

from training.config import Config
from training.data.source import shown
from training.errors import TrainingError
from training.tracking import telemetry


def bundle(location: str, config: Config, folder: Path) -> Path:
    """Return the folder of the bundle at `location`, fetched into `folder` unless it is on this machine already."""
    if ":/" not in location:
        return Path(location)
    # MLflow takes seconds to import: whoever names a folder shall not wait for it.
    telemetry.off()
    from training.tracking import runs

    try:
        return runs.download(location, config, folder)
    except TrainingError:
        raise
    except Exception as error:  # every artifact store raises errors of its own
        raise TrainingError(f"{shown(location)}: can't be fetched: {error}") from error
