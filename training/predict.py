"""Scores the rows of a CSV or Parquet file with a bundle, and writes them with their predictions to a file.

The bundle is verified first. The output has every column of the input, unchanged, and a last one `prediction`; its
name says whether it is .csv or .parquet, and it appears when it is whole. A row that the API would refuse (a missing
column, text, a missing value where none is allowed) ends the run with an error that names column and row.
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
TOLD_EVERY_SECONDS = 2.0


def run(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Score the file and return where the answers are."""
    output = _output(arguments.input, arguments.output)
    config = settings.load(None, (), os.environ)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # The file before the bundle: an error in its header shall not wait for a download.
        table = open_table(source.fetch(arguments.input, folder), source.shown(arguments.input))
        if PREDICTION in table.names:
            raise DataError(f"{table.shown}: has a column {PREDICTION!r} already, which the output adds")
        # XGBoost takes a second to import: --help shall not wait for it.
        from training.models.model import Model

        model = Model.bundled(fetch.bundle(arguments.bundle, config, folder / "bundle"), arguments.sha256)
        progress.say(f"bundle verified, sha256 {model.sha256}")
        with files.replacing(output) as draft, WRITERS[output.suffix](draft) as write:
            rows = score(model, table, write, progress)
    progress.say(f"{rows:,} rows to {output}")
    return {"output": str(output), "rows": rows, "sha256": model.sha256}


def score(model: Any, table: Table, write: Write, progress: Progress) -> int:
    """Write every row with its prediction and return how many there were."""
    rows, told = 0, time.monotonic()
    for batch, features in model.rows_of(table):
        write(batch.append_column(PREDICTION, pa.array(model.predict(features))))
        rows += batch.num_rows
        if time.monotonic() - told >= TOLD_EVERY_SECONDS:
            told = time.monotonic()
            progress.say(f"{rows:,} rows")
    if not rows:
        raise DataError(f"{table.shown}: has no rows")
    return rows


def _output(given: str, output: Path) -> Path:
    """Return the path to write to, which has to be another file than the input, of a kind that can be written."""
    if output.suffix not in WRITERS:
        raise TrainingError(f"--output {output}: wanted a name that ends with {' or '.join(WRITERS)}")
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise TrainingError(f"--output {output}: wanted a file in a folder that is there")
    if "://" not in given and output.exists() and Path(given).exists() and output.samefile(given):
        raise TrainingError(f"--output {output}: is the input, wanted another file")
    return output


def main(argv: Sequence[str] | None = None) -> int:
    """Run by itself."""
    parser = argparse.ArgumentParser(
        prog="python -m training.predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bundle", required=True, metavar="WHERE", help="a bundle's folder, or models:/<name>/<version>"
    )
    parser.add_argument(
        "--input", required=True, metavar="FILE", help="CSV or Parquet: a path, a URL or s3://bucket/key"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="a .csv or .parquet file to write")
    parser.add_argument("--sha256", metavar="HEX", help="the manifest's sha256 that the bundle has to have")
    arguments = parser.parse_args(argv)

    def work() -> dict[str, Any]:
        progress = Progress()
        with progress.step("predict"):
            return run(arguments, progress)

    return cli.report(work)


if __name__ == "__main__":
    sys.exit(main())
