"""Makes small bundles for tests, in the layout that training writes but without MLflow: in milliseconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost
import yaml

from app.bundle import GOLDEN, MANIFEST, MLMODEL, REFERENCE, Field

CALIFORNIA = tuple(
    Field(name, "double", name == "AveBedrms")
    for name in ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
)


def california(seed: int = 0, rows: int = 600) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return rows and targets that look like the real ones, some AveBedrms missing; enough to grow real trees on."""
    random = np.random.default_rng(seed)
    scale = [4, 30, 5, 1, 1400, 3, 2, 2]
    offset = [0, 0, 0, 0, 0, 0, 35, -120]
    features = (random.gamma(2, 0.5, (rows, 8)) * scale + offset).astype(np.float32)
    target = features[:, 0] / 2 + np.sin(features[:, 6]) + random.normal(0, 0.1, rows)
    features[random.random(rows) < 0.05, 3] = np.nan
    return features, target.astype(np.float32)


def train(
    features: npt.NDArray[np.float32], target: npt.NDArray[np.floating], trees: int = 20, **parameters: Any
) -> xgboost.Booster:
    settings = {"max_depth": 4, "eta": 0.3, "nthread": 1, "seed": 1, **parameters}
    return xgboost.train(settings, xgboost.DMatrix(features, target), trees)


def write(
    folder: Path,
    booster: xgboost.Booster,
    rows: npt.NDArray[np.float32],
    fields: Sequence[Field] = CALIFORNIA,
) -> Path:
    """Write a bundle of `booster` with `rows` as its golden rows to `folder`, and return the folder."""
    folder.mkdir(parents=True)
    booster.save_model(folder / "model.ubj")
    inputs = [{"name": f.name, "type": f.type, "required": not f.nullable} for f in fields]
    flavor = {"model_class": "xgboost.core.Booster", "data": "model.ubj", "model_format": "ubj"}
    signature = {"inputs": json.dumps(inputs), "outputs": json.dumps([{"type": "float", "required": True}])}
    (folder / MLMODEL).write_text(yaml.safe_dump({"flavors": {"xgboost": flavor}, "signature": signature}))
    answers = booster.inplace_predict(rows, validate_features=False)
    golden = {
        "columns": [f.name for f in fields],
        "rows": [[None if np.isnan(value) else float(value) for value in row] for row in rows],
        "predictions": np.asarray(answers, dtype=float).tolist(),
    }
    (folder / GOLDEN).write_text(json.dumps(golden))
    (folder / REFERENCE).write_text("{}")
    seal(folder)
    return folder


def seal(folder: Path) -> str:
    """Write the manifest of what is in the folder now, and return its sha256."""
    files = {
        file.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "size": file.stat().st_size,
        }
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    manifest = json.dumps({"format": 1, "files": files}, indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(manifest)
    return hashlib.sha256(manifest.encode()).hexdigest()
