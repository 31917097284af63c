"""Rows for the bodies: real ones, with their missing values, in the order of the model's fields."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.bundle import Bundle

Row = list[float | None]


def find(bundle: Bundle, given: Path | None) -> Path:
    """The file given, else what training kept beside the bundle's folder; ValueError that says where it looked."""
    if given:
        return given
    # <output>/models/<name>/<version> is the bundle, <output>/training/<name> what it was made of.
    name, output = bundle.folder.parent.name, bundle.folder.parents[2]
    kept = output / "training" / name / "features" / "features.parquet"
    if not kept.is_file():
        raise ValueError(f"no rows to send: {kept} is not there; give --data, a CSV or Parquet file")
    return kept


def read(path: Path, fields: Sequence[str]) -> list[Row]:
    """Rows of a CSV or Parquet file; ValueError that names the columns it lacks."""
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    missing = [name for name in fields if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing}, wanted the model's fields {list(fields)}")
    values = frame[list(fields)].to_numpy(dtype=float, na_value=float("nan")).tolist()
    return [[None if value != value else value for value in row] for row in values]
