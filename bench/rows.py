"""Rows for the bodies: real ones, with their missing values, in the order of the model's fields."""

from pathlib import Path

import pandas as pd

Row = list[float | None]


def read(path: Path, fields: list[str]) -> list[Row]:
    """Rows of a CSV or Parquet file; ValueError that names the columns it lacks."""
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    missing = [name for name in fields if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing}, wanted the model's fields {fields}")
    values = frame[fields].to_numpy(dtype=float).tolist()
    return [[None if value != value else value for value in row] for row in values]
