"""Scores the rows of a CSV or Parquet file with a bundle.

Verifies the bundle first. The output has every column of the input, unchanged, and a last column `prediction`. Its
suffix decides the format, .csv or .parquet. It appears only when it is complete. A row that the API would refuse (a
missing column, text, a missing value where none is allowed) ends the run with an error that names column and row.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from training import cli, files, settings
from training.data import source
from training.data.table import Table, open_table
from training.data.writers import WRITERS, Write
from training.errors import DataError, TrainingError
from training.progress import Progress
from training.tracking import fetch

PREDICTION = "prediction"
REPORT_EVERY_SECONDS = 2.0


def run(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Score the file and return the path of the output."""
    output = _checked_output(arguments.output, arguments.input)
    config = settings.load(None, (), os.environ)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # Open the file before the bundle: an error in its header must not wait for a download.
        table = open_table(source.fetch(arguments.input, folder), source.redacted(arguments.input))
        if PREDICTION in table.names:
            raise DataError(f"{table.label}: already has a column {PREDICTION!r}, which the output would add")
        # XGBoost takes a second to import, and --help must not wait for it.
        from training.models.model import Model

        model = Model.from_bundle(fetch.bundle(arguments.bundle, config, folder / "bundle"), arguments.sha256)
        progress.say(f"bundle verified, sha256 {model.sha256}")
        with files.replacing(output) as draft, WRITERS[output.suffix](draft) as write:
            rows = score(model, table, write, progress)
    progress.say(f"wrote {rows:,} rows to {output}")
    return {"output": str(output), "rows": rows, "sha256": model.sha256}


def score(model: Any, table: Table, write: Write, progress: Progress) -> int:
    """Write every row with its prediction and return the number of rows."""
    rows, reported = 0, time.monotonic()
    for batch, features in model.read_rows(table):
        write(batch.append_column(PREDICTION, pa.array(model.predict(features))))
        rows += batch.num_rows
        if time.monotonic() - reported >= REPORT_EVERY_SECONDS:
            reported = time.monotonic()
            progress.say(f"{rows:,} rows")
    if not rows:
        raise DataError(f"{table.label}: no rows")
    return rows


def _checked_output(output: Path, location: str) -> Path:
    """Return the path to write to. Raises TrainingError for a wrong suffix, a missing folder, or the input itself."""
    if output.suffix not in WRITERS:
        raise TrainingError(f"--output {output}: wanted a name that ends in {' or '.join(WRITERS)}")
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise TrainingError(f"--output {output}: wanted a file in an existing folder")
    if "://" not in location and output.exists() and Path(location).exists() and output.samefile(location):
        raise TrainingError(f"--output {output}: is the input file, wanted another one")
    return output


def main(argv: Sequence[str] | None = None) -> int:
    """Run this step alone."""
    parser = argparse.ArgumentParser(
        prog="python -m training.predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bundle", required=True, metavar="WHERE", help="folder of a bundle, or models:/<name>/<version>"
    )
    parser.add_argument(
        "--input", required=True, metavar="FILE", help="rows to score, CSV or Parquet: a path, a URL or s3://bucket/key"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="file to write, .csv or .parquet")
    parser.add_argument("--sha256", metavar="HEX", help="expected sha256 of the bundle's manifest")
    arguments = parser.parse_args(argv)

    def work() -> dict[str, Any]:
        progress = Progress()
        with progress.step("predict"):
            return run(arguments, progress)

    return cli.report(work)


if __name__ == "__main__":
    sys.exit(main())
