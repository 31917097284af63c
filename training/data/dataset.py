"""The rows for training and evaluation."""

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

# These stand beside the data's own columns in the file, so the prefix keeps them apart.
PART = "slipway.part"
COORDINATES = ("slipway.latitude", "slipway.longitude")
TARGET = "slipway.target"


@dataclass(frozen=True)
class Dataset:
    """Features (rows x columns, NaN is missing), target, coordinates (rows x 2, or none) and part of each row."""

    names: tuple[str, ...]
    features: Floats
    target: Floats
    coordinates: Floats | None
    part: npt.NDArray[np.int8]

    def only(self, part: str) -> Dataset:
        """Return the rows of one part."""
        rows = self.part == PARTS.index(part)
        coordinates = None if self.coordinates is None else self.coordinates[rows]
        return Dataset(self.names, self.features[rows], self.target[rows], coordinates, self.part[rows])

    @property
    def nullable(self) -> tuple[str, ...]:
        """The features with a missing value in any row."""
        missing = np.asarray(np.isnan(self.features).any(axis=0)).tolist()
        return tuple(name for name, misses in zip(self.names, missing, strict=True) if misses)

    def write(self, path: Path) -> None:
        """Write the rows as Parquet."""
        columns: dict[str, Any] = {name: self.features[:, index] for index, name in enumerate(self.names)}
        columns |= {TARGET: self.target, PART: self.part}
        if self.coordinates is not None:
            columns |= {name: self.coordinates[:, index] for index, name in enumerate(COORDINATES)}
        pa.parquet.write_table(pa.table(columns), path, compression="zstd", store_schema=False)

    @classmethod
    def read(cls, path: Path, names: tuple[str, ...]) -> Dataset:
        """Return the rows that `write` wrote. `names` are the features in order."""
        table = pa.parquet.read_table(path)

        def column(name: str) -> Any:
            return table.column(name).to_numpy()

        coordinates = (
            np.column_stack([column(name) for name in COORDINATES]) if COORDINATES[0] in table.column_names else None
        )
        features = np.column_stack([column(name) for name in names])
        return cls(names, features, column(TARGET), coordinates, column(PART).astype(np.int8))
