"""`/invocations` as CSV: a header with the fields' names in any order, then a line for each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence

from app.bundle import Field
from app.prediction.contract import Contract
from app.prediction.formats.parts import in_order
from app.prediction.tables import UNCOUNTED, ByRow
from app.problem import Problem

# No real number is longer: 1e308 with all its digits has 309.
MAX_CELL = 512
MARKS = (b",", b"\n", b"\r")
NUMERALS = frozenset("0123456789.eE+-")
BOOLEANS = {"true": True, "false": False}
MISSING = {"", "nan"}
Cell = float | bool | str | None


def read(body: bytes, contract: Contract) -> ByRow:
    """Return a CSV as a table; an empty cell or NaN is a missing value, an empty line is skipped."""
    lines = _lines(body)
    header = next(lines, [])
    contract.check_names(header)
    types = {field.name: field for field in contract.fields}
    cells = _cells([types[name] for name in header])
    rows: list[list[Cell]] = []
    for i, line in enumerate(lines):
        if i >= contract.max_rows:
            raise Problem("too_many_rows", f"wanted at most {contract.max_rows} rows, got more")
        if len(line) != len(header):
            raise Problem("wrong_shape", f"wanted {len(header)} cells, got {len(line)}", row=i)
        rows.append(cells(line, i))
    return in_order(header, rows, contract, UNCOUNTED)


def _lines(body: bytes) -> Iterator[list[str]]:
    """Yield the cells of each non-empty line. Decodes piece by piece: the whole text may take five times as much."""
    try:
        for line in csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""), strict=True):
            if line:
                yield line
    except (csv.Error, UnicodeDecodeError):
        message = f"the body is not CSV in UTF-8: wanted closed quotes and at most {MAX_CELL} characters in a cell"
        raise Problem("invalid_json", message) from None


def _cells(fields: Sequence[Field]) -> Callable[[list[str], int], list[Cell]]:
    """Return a function that reads a line. A cell that has not its field's type stays text: the contract refuses it."""
    numbers = all(field.type in ("double", "float") for field in fields)

    def read(line: list[str], row: int) -> list[Cell]:
        text = "".join(line)
        # Nearly all lines hold only numbers.
        if numbers and len(text) <= MAX_CELL and NUMERALS.issuperset(text):
            try:
                return list(map(float, line))
            except ValueError:
                pass
        return [_cell(cell, field, row) for cell, field in zip(line, fields, strict=True)]

    return read


def _cell(cell: str, field: Field, row: int) -> Cell:
    if len(cell) > MAX_CELL:
        raise Problem("wrong_type", f"wanted at most {MAX_CELL} characters in a cell", field.name, row)
    if cell.lower() in MISSING:
        return None
    if field.type == "boolean":
        return BOOLEANS.get(cell.lower(), cell)
    return _number(cell, integer=field.type in ("integer", "long"))


def _number(cell: str, integer: bool) -> float | str:
    """Return the number in `cell`, an integer exactly. Python reads only plain numbers from these characters."""
    if not NUMERALS.issuperset(cell):
        return cell
    try:
        return int(cell) if integer and cell.lstrip("+-").isdigit() else float(cell)
    except ValueError:
        return cell
