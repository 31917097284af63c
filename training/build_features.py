"""Builds what the model sees from the data: the features in the signature's order, and the part of each row.

Reads the data that `make_data` kept and checks its digest.
Writes <output>/training/<name>/features/features.parquet and features.json. Missing values stay missing. The parts
(train, valid, test) are dealt by a hash of each row, so a row keeps its part when rows are added.
No feature is derived from others: what serving gets is what the model was trained on, without code in between.
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

# Fewer rows than this in a part say nothing about a model.
LEAST_ROWS = 10


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Write the features and return their record."""
    workspace = Workspace.of(config)
    path, data = store.current(store.of(config), workspace.data)
    columns = _columns(config, pyarrow.parquet.read_table(path), data)
    dataset = build(config, columns)
    rows = _rows(dataset)
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
    """Return the rows in the order they came in, each with its part."""
    features = np.column_stack([columns[name] for name in config.features])
    place = np.column_stack([columns[name] for name in config.place]) if config.place else None
    part = split.deal(features, config.test_share, config.valid_share, config.split_seed)
    return Dataset(config.features, features, columns[config.target], place, part)


def load(workspace: Workspace) -> tuple[Dataset, dict[str, Any]]:
    """Return the features and their record as the last run wrote them."""
    record = files.read_json(workspace.features_record, "build_features")
    if not workspace.features.is_file() or files.sha256(workspace.features) != record["sha256"]:
        raise DataError(
            f"{workspace.features}: is not what its record says, `python -m training.build_features` mends it"
        )
    return Dataset.read(workspace.features, tuple(record["features"])), record


def _columns(config: Config, table: Any, data: dict[str, Any]) -> dict[str, Floats]:
    missing = [name for name in config.columns if name not in table.column_names]
    if missing:
        raise DataError(
            f"{data['kept']}: no column {', '.join(map(repr, missing))}, `python -m training.make_data` with these"
            " settings keeps it"
        )
    return {name: table.column(name).to_numpy() for name in config.columns}


def _rows(dataset: Dataset) -> dict[str, int]:
    rows = {part: int((dataset.part == index).sum()) for index, part in enumerate(split.PARTS)}
    for part, count in rows.items():
        if count < LEAST_ROWS:
            raise DataError(f"{len(dataset.target)} rows: the part {part!r} gets {count}, wanted {LEAST_ROWS} at least")
        if np.ptp(dataset.only(part).target) == 0:
            raise DataError(f"the target has one and the same value in every row of the part {part!r}")
    return rows


def main() -> int:
    """Run the step by itself."""
    return cli.main("build_features", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
