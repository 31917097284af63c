"""Fetches the data, checks it, and stores it as Parquet under its sha256.

Reads `data`: CSV or Parquet from a path, a URL or s3://bucket/key. If it is empty, scikit-learn downloads California
Housing.
Writes the columns that the settings name, as numbers, to <store>/<name>/<digest>.parquet, and data.json with the
sha256, the source and the number of rows.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from training import cli, files
from training.config import Config
from training.data import california, generated, source, store
from training.data.column import Floats, numbers
from training.data.table import Table, open_table
from training.errors import DataError
from training.progress import Progress


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Store the data and return its record."""
    with tempfile.TemporaryDirectory() as folder:
        columns, about = (
            _read_source(config, Path(folder), progress) if config.data else _read_california(config, progress)
        )
        rows = len(columns[config.target])
        missing = sum(int(np.isnan(column).sum()) for column in columns.values())
        progress.say(f"{rows:,} rows, {len(columns)} columns, {missing:,} missing values from {about['source']}")
        parquet = Path(folder) / "data.parquet"
        # A fixed layout without pandas metadata: the digest depends on the numbers alone, not on the source file.
        pa.parquet.write_table(pa.table(columns), parquet, compression="zstd", store_schema=False)
        record = store.save(store.open_store(config), parquet, about | {"rows": rows, "columns": list(columns)})
    progress.say(f"stored as {record['kept']}, sha256 {record['sha256']}")
    return record


def _read_source(config: Config, folder: Path, progress: Progress) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Return the columns of the file in `data`."""
    path = source.fetch(config.data, folder)
    table = open_table(path, source.redacted(config.data))
    unused = [name for name in table.names if name not in config.columns]
    if unused:
        progress.say(f"ignored columns: {', '.join(unused)}")
    about = {"kind": "given", "source": table.label, "source_sha256": files.sha256(path)}
    columns = read(table, config.columns, config.features)
    for name, column in columns.items():
        if np.isnan(column).all():
            raise DataError(f"{table.label}: column {name!r} is empty in every row")
    return columns, about


def read(table: Table, names: tuple[str, ...], nullable: Collection[str]) -> dict[str, Floats]:
    """Return the columns `names` as numbers; only those in `nullable` may have missing values.

    Raises DataError with the column and the row.
    """
    table.require(names)
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    rows = 0
    for batch in table.batches(names):
        for name, column in parts.items():
            column.append(numbers(table, name, batch.column(name), rows, nullable=name in nullable))
        rows += batch.num_rows
    if not rows:
        raise DataError(f"{table.label}: no rows")
    return {name: np.concatenate(column) for name, column in parts.items()}


def _read_california(config: Config, progress: Progress) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Return California Housing, or generated data if the download fails and the settings allow it."""
    try:
        columns, about = california.download(), {"kind": "downloaded", "source": california.SOURCE}
    except DataError as error:
        if not config.allow_generated:
            raise DataError(
                f"{error}: set DATA=<CSV or Parquet>, or allow_generated=true to train on generated data"
            ) from error
        progress.say(f"{error}: training on generated data instead, tagged data=generated")
        columns, about = generated.generate(), {"kind": "generated", "source": "a generated sample"}
    missing = [name for name in config.columns if name not in columns]
    if missing:
        raise DataError(f"{about['source']}: no column {', '.join(map(repr, missing))}; it has {', '.join(columns)}")
    return {name: columns[name] for name in config.columns}, about


def main() -> int:
    """Run this step alone."""
    return cli.main("make_data", __doc__ or "", run)


if __name__ == "__main__":
    sys.exit(main())
