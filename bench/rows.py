"""Reads real rows for the request bodies, in the order of the model's fields."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.bundle import Bundle

Row = list[float | None]


def find(bundle: Bundle, path: Path | None) -> Path:
    """Return `path`, or else the features that the bundle was trained on. Raises ValueError if there are none."""
    if path:
        return path
    # Training writes the bundle to <output>/models/<name>/<version>, and the features to <output>/training/<name>.
    name, output = bundle.folder.parent.name, bundle.folder.parents[2]
    features = output / "training" / name / "features" / "features.parquet"
    if not features.is_file():
        raise ValueError(f"no rows to send: {features}: no such file; name a CSV or Parquet file with --data")
    return features


def read(path: Path, fields: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV or Parquet file. Raises ValueError with the missing columns."""
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    missing = [name for name in fields if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing}, wanted the model's fields {list(fields)}")
    values = frame[list(fields)].to_numpy(dtype=float, na_value=float("nan")).tolist()
    return [[None if value != value else value for value in row] for row in values]
