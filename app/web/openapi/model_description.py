"""What the document is made from: the descriptions of the models, and the server's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from app.bundle import Field, Golden
from app.prediction.formats.parts import numbers

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Limits:
    """The most that one request may hold."""

    max_rows: int
    max_body_bytes: int


@dataclass(frozen=True)
class ModelDescription:
    """A model's name, signature and golden rows; the rows become the document's examples."""

    name: str
    version: str
    fields: tuple[Field, ...]
    golden: Golden

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def examples(self) -> list[tuple[Row, Any]]:
        """Return up to three golden rows with their answers, in the signature's types; a row with a gap comes last."""
        # With the same digits as the server's answers.
        answers = orjson.loads(numbers(np.asarray(self.golden.predictions, dtype=np.float32)))
        pairs = list(zip(self.golden.rows, answers, strict=True))
        whole = [pair for pair in pairs if None not in pair[0]]
        gaps = [pair for pair in pairs if None in pair[0]]
        chosen = whole[:2] + gaps[:1] if whole else gaps[:2]
        return [(tuple(map(_typed, row, self.fields)), answer) for row, answer in chosen]

    def range(self, field: Field) -> tuple[float, float] | None:
        """Return the range of a numeric field: training puts its least and its greatest value into the golden rows."""
        index = self.fields.index(field)
        known = [value for row in self.golden.rows if (value := row[index]) is not None]
        return (min(known), max(known)) if known and field.type != "boolean" else None


def _typed(value: float | None, field: Field) -> object:
    """Return a golden value in its field's type: the bundle stores all of them as numbers."""
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    return int(value) if field.type in ("integer", "long") else value
