"""Trains XGBoost on the train part and keeps the trees up to the best score on the validation part.

Reads the output of `build_features`.
Writes <output>/training/<name>/train/model.ubj, and training.json with the parameters and the learning curve.
The same features, settings and versions give the same model.ubj, byte for byte.
"""

from __future__ import annotations

import sys
from typing import Any

from training import build_features, cli, files
from training.config import Config
from training.progress import Progress
from training.workspace import Workspace


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write the model and return its record."""
    # XGBoost takes a second to import, and --help must not wait for it.
    from training.models import trees

    workspace = Workspace.of(config)
    data, features = build_features.load(workspace)
    booster, history = trees.fit(config, data, progress)
    with files.replacing(workspace.model) as draft:
        booster.save_model(draft)
    kept = booster.num_boosted_rounds()
    record = {
        "parameters": trees.parameters(config)
        | {"rounds": config.rounds, "early_stopping_rounds": config.early_stopping_rounds},
        "trees": kept,
        "history": history,
        "features_sha256": features["sha256"],
        "sha256": files.sha256(workspace.model),
    }
    files.write_json(workspace.training_record, record)
    progress.say(f"kept {kept} of {len(history['valid'])} trees, sha256 {record['sha256']}")
    return {key: record[key] for key in ("trees", "sha256")} | {"model": str(workspace.model)}


def main() -> int:
    """Run this step alone."""
    return cli.main("train", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
