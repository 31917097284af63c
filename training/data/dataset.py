"""The rows that a model learns from and is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from training.data.column import Floats
from training.data.split import PARTS

# Beside the columns' own names in the file, so unlike any that data would have.
PART = "slipway.part"
PLACE = ("slipway.latitude", "slipway.longitude")
TARGET = "slipway.target"


@dataclass(frozen=True)
class Dataset:
    """Features (rows x columns, NaN is missing), target, place (rows x 2, or none) and part of each row."""

    names: tuple[str, ...]
    features: Floats
    target: Floats
    place: Floats | None
    part: npt.NDArray[np.int8]

    def only(self, part: str) -> Dataset:
        """Return the rows of one part."""
        rows = self.part == PARTS.index(part)
        place = None if self.place is None else self.place[rows]
        return Dataset(self.names, self.features[rows], self.target[rows], place, self.part[rows])

    @property
    def nullable(self) -> tuple[str, ...]:
        """The features that have a missing value somewhere."""
        missing = np.asarray(np.isnan(self.features).any(axis=0)).tolist()
        return tuple(name for name, misses in zip(self.names, missing, strict=True) if misses)

    def write(self, path: Path) -> None:
        """Write the rows as Parquet."""
        columns: dict[str, Any] = {name: self.features[:, index] for index, name in enumerate(self.names)}
        columns |= {TARGET: self.target, PART: self.part}
        if self.place is not None:
            columns |= {name: self.place[:, index] for index, name in enumerate(PLACE)}
        pa.parquet.write_table(pa.table(columns), path, compression="zstd", store_schema=False)

    @classmethod
    def read(cls, path: Path, names: tuple[str, ...]) -> Dataset:
        """Return what `write` wrote; `names` are the features in order."""
        table = pa.parquet.read_table(path)

        def column(name: str) -> Any:
            return table.column(name).to_numpy()

        place = np.column_stack([column(name) for name in PLACE]) if PLACE[0] in table.column_names else None
        features = np.column_stack([column(name) for name in names])
        return cls(names, features, column(TARGET), place, column(PART).astype(np.int8))
