"""Writes a table as CSV or Parquet, batch by batch."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

Write = Callable[[pa.RecordBatch], None]


@contextmanager
def write_csv(path: Path) -> Iterator[Write]:
    """Yield a function that appends a batch. Text from a CSV file stays unchanged."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        has_header = False

        def write(batch: pa.RecordBatch) -> None:
            nonlocal has_header
            if not has_header:
                rows.writerow(batch.schema.names)
                has_header = True
            rows.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))

        yield write


@contextmanager
def write_parquet(path: Path) -> Iterator[Write]:
    """Yield a function that appends a batch. The columns keep their types."""
    with ExitStack() as stack:
        writer: pa.parquet.ParquetWriter | None = None

        def write(batch: pa.RecordBatch) -> None:
            nonlocal writer
            if writer is None:
                writer = stack.enter_context(pa.parquet.ParquetWriter(path, batch.schema, compression="zstd"))
            writer.write_batch(batch)

        yield write


WRITERS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {".csv": write_csv, ".parquet": write_parquet}
