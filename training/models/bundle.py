"""Writes a bundle: an MLflow model directory with golden rows, a reference profile and a manifest."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import mlflow.models
import mlflow.xgboost
import numpy as np
import pandas as pd
from mlflow.types import ColSpec, Schema, TensorSpec

import app.bundle
from training import files
from training.data.dataset import Dataset
from training.errors import TrainingError
from training.models import golden, reference
from training.models.model import Model
from training.tracking import provenance

EXAMPLE_ROWS = 3
# Packages that MLflow needs to load the bundle.
REQUIREMENTS = (("mlflow",), ("numpy",), ("pandas",), ("xgboost-cpu", "xgboost"))


def write(path: Path, model: Model, data: Dataset, model_id: str, run_id: str, metadata: dict[str, str]) -> str:
    """Write the bundle to `path`, verify it, and return the sha256 of its manifest."""
    if path.exists():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    mlflow.xgboost.save_model(
        model.booster,
        str(path),
        mlflow_model=mlflow.models.Model(run_id=run_id, model_id=model_id),
        model_format="ubj",
        signature=signature(model),
        input_example=_example(data),
        # Without a list, MLflow would start a process to infer one.
        pip_requirements=[provenance.pinned(*names) for names in REQUIREMENTS],
        metadata=metadata,
    )
    files.write_json(path / app.bundle.GOLDEN, golden.build(model, data))
    files.write_json(path / app.bundle.REFERENCE, reference.build(model, data))
    files.write_json(path / app.bundle.MANIFEST, manifest(path))
    digest = files.sha256(path / app.bundle.MANIFEST)
    _check(path, digest)
    return digest


def signature(model: Model) -> mlflow.models.ModelSignature:
    """Return the signature: a double per feature, optional if the training data has missing values in it."""
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=name not in model.nullable) for name in model.names
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec("float", "prediction")]
    return mlflow.models.ModelSignature(Schema(inputs), Schema(outputs))


def manifest(path: Path) -> dict[str, Any]:
    """Return the size and sha256 of every file below `path` except the manifest."""
    listed = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and name != app.bundle.MANIFEST:
            content = file.read_bytes()
            listed[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return {"format": app.bundle.FORMAT, "files": listed}


def _example(data: Dataset) -> pd.DataFrame:
    rows = data.features[~np.isnan(data.features).any(axis=1)][:EXAMPLE_ROWS]
    return pd.DataFrame(rows, columns=list(data.names))


def _check(path: Path, digest: str) -> None:
    """Read the bundle as the server will, and compare its predictions for the golden rows."""
    bundle = app.bundle.load(path, digest)
    rows = np.array([[np.nan if value is None else value for value in row] for row in bundle.golden.rows], np.float64)
    predictions = Model.from_bundle(path, digest).predict(rows)
    if predictions.tolist() != list(bundle.golden.predictions):
        raise TrainingError(f"{path}: the model in the bundle predicts other values than the trained model")
