"""Builds the features, in the order of the model's signature, and splits the rows into train, valid and test.

Reads the data that `make_data` stored and checks its sha256.
Writes <output>/training/<name>/features/features.parquet and features.json. Missing values stay missing. A hash of
each row decides its part, so a row keeps its part when rows are added.
No feature is derived from other features, so the server needs no feature code: it passes requests to the model as
they are.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow.parquet

from training import cli, files
from training.config import Config
from training.data import split, store
from training.data.column import Floats
from training.data.dataset import Dataset
from training.errors import DataError
from training.progress import Progress
from training.workspace import Workspace

# Scores on fewer rows than this say nothing about a model.
MIN_ROWS = 10


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write the features and return their record."""
    workspace = Workspace.of(config)
    path, data = store.load_current(store.open_store(config), workspace.data)
    columns = _columns(config, pyarrow.parquet.read_table(path), data)
    dataset = build(config, columns)
    rows = _count_rows(dataset)
    with files.replacing(workspace.features) as draft:
        dataset.write(draft)
    record = {
        "features": list(dataset.names),
        "target": config.target,
        "nullable": list(dataset.nullable),
        "rows": rows,
        "split": {"test_share": config.test_share, "valid_share": config.valid_share, "split_seed": config.split_seed},
        "data": data,
        "sha256": files.sha256(workspace.features),
    }
    files.write_json(workspace.features_record, record)
    progress.say(", ".join(f"{part} {count:,} rows" for part, count in rows.items()))
    progress.say(f"{len(dataset.names)} features; missing values in {', '.join(dataset.nullable) or 'none'}")
    return record


def build(config: Config, columns: dict[str, Floats]) -> Dataset:
    """Return the rows in their original order, each with its part."""
    features = np.column_stack([columns[name] for name in config.features])
    located = config.coordinate_columns
    coordinates = np.column_stack([columns[name] for name in located]) if located else None
    part = split.assign(features, config.test_share, config.valid_share, config.split_seed)
    return Dataset(config.features, features, columns[config.target], coordinates, part)


def load(workspace: Workspace) -> tuple[Dataset, dict[str, Any]]:
    """Return the features and their record from the last run. Raises DataError if the file was changed since."""
    record = files.read_json(workspace.features_record, "build_features")
    if not workspace.features.is_file() or files.sha256(workspace.features) != record["sha256"]:
        raise DataError(
            f"{workspace.features}: does not match features.json; run `python -m training.build_features` again"
        )
    return Dataset.read(workspace.features, tuple(record["features"])), record


def _columns(config: Config, table: Any, data: dict[str, Any]) -> dict[str, Floats]:
    missing = [name for name in config.columns if name not in table.column_names]
    if missing:
        raise DataError(
            f"{data['kept']}: no column {', '.join(map(repr, missing))}; run `python -m training.make_data` with these"
            " settings"
        )
    return {name: table.column(name).to_numpy() for name in config.columns}


def _count_rows(dataset: Dataset) -> dict[str, int]:
    rows = {part: int((dataset.part == index).sum()) for index, part in enumerate(split.PARTS)}
    for part, count in rows.items():
        if count < MIN_ROWS:
            raise DataError(f"{len(dataset.target)} rows: the part {part!r} gets {count}, wanted at least {MIN_ROWS}")
        if np.ptp(dataset.only(part).target) == 0:
            raise DataError(f"the target has the same value in every row of the part {part!r}")
    return rows


def main() -> int:
    """Run this step alone."""
    return cli.main("build_features", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
