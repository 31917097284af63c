"""Reads CSV and Parquet in batches. CSV columns stay text here, so that nothing guesses their type."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from training.errors import DataError

PARQUET = b"PAR1"
BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class Table:
    """A file of rows. `label` is its name in error messages."""

    path: Path
    label: str
    names: tuple[str, ...]
    parquet: bool

    def require(self, columns: Iterable[str]) -> None:
        """Raise DataError if one of `columns` is missing."""
        missing = [name for name in columns if name not in self.names]
        if missing:
            has = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
            raise DataError(f"{self.label}: no column {', '.join(map(repr, missing))}; it has {has}")

    def batches(self, columns: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches of some ten thousand, with all columns or only those in `columns`."""
        names = list(self.names if columns is None else columns)
        try:
            yield from self._parquet(names) if self.parquet else self._csv(names)
        except (pa.ArrowInvalid, OSError) as error:
            # Arrow's own message quotes the row, which is the user's data.
            kind = "Parquet" if self.parquet else "CSV in UTF-8 with closed quotes"
            raise DataError(f"{self.label}: cannot be read as {kind}") from error

    def _parquet(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        with pa.parquet.ParquetFile(self.path) as file:
            yield from file.iter_batches(batch_size=1 << 16, columns=names)

    def _csv(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        uneven: list[pa.csv.InvalidRow] = []

        def note(row: pa.csv.InvalidRow) -> str:
            uneven.append(row)
            return "skip"

        reader = pa.csv.open_csv(
            self.path,
            pa.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            pa.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=note, ignore_empty_lines=len(self.names) > 1
            ),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()), strings_can_be_null=False, include_columns=names
            ),
        )
        for batch in reader:
            _refuse(uneven, self.label)
            yield batch
        _refuse(uneven, self.label)


def open_table(path: Path, label: str) -> Table:
    """Return the table at `path`. Its first bytes decide the format, not its name. Raises DataError."""
    try:
        with path.open("rb") as file:
            parquet = file.read(len(PARQUET)) == PARQUET
        names = _parquet_names(path) if parquet else _csv_names(path)
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{label}: neither Parquet nor CSV in UTF-8") from error
    except OSError as error:
        raise DataError(f"{label}: {error.strerror or 'cannot be read'}") from error
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(f"{label}: more than one column {', '.join(map(repr, duplicates))}")
    if not names:
        raise DataError(f"{label}: the file is empty")
    return Table(path, label, tuple(names), parquet)


def _parquet_names(path: Path) -> list[str]:
    return list(pa.parquet.read_schema(path).names)


def _csv_names(path: Path) -> list[str]:
    # Spreadsheets write a byte order mark first.
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _refuse(uneven: list[pa.csv.InvalidRow], label: str) -> None:
    if uneven:
        row = uneven[0]
        # Arrow counts the header as row 1.
        raise DataError(
            f"{label}: row {row.number - 1} has {row.actual_columns} columns, wanted {row.expected_columns}"
        )
