"""A trained model, from the workspace or from a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xgboost

import app.bundle
from training import files
from training.data.column import Floats, numbers
from training.data.table import Table
from training.errors import TrainingError
from training.models import trees
from training.workspace import Workspace


@dataclass(frozen=True)
class Model:
    """The trees with their input columns. `sha256` is that of the model file, or of the bundle's manifest."""

    names: tuple[str, ...]
    nullable: frozenset[str]
    booster: xgboost.Booster
    sha256: str

    @classmethod
    def from_workspace(cls, workspace: Workspace, features: dict[str, Any]) -> Model:
        """Return the model that `train` wrote. Raises TrainingError if it was trained on other features."""
        record = files.read_json(workspace.training_record, "train")
        digest = files.sha256(workspace.model) if workspace.model.is_file() else ""
        if (record["features_sha256"], record["sha256"]) != (features["sha256"], digest):
            raise TrainingError(f"{workspace.model}: trained on other features; run `python -m training.train` again")
        return cls(tuple(features["features"]), frozenset(features["nullable"]), trees.load(workspace.model), digest)

    @classmethod
    def from_bundle(cls, path: Path, sha256: str | None = None) -> Model:
        """Verify a bundle and return its model. Raises BundleError."""
        bundle = app.bundle.load(path, sha256)
        names = tuple(field.name for field in bundle.fields)
        nullable = frozenset(field.name for field in bundle.fields if field.nullable)
        return cls(names, nullable, trees.load(bundle.model), bundle.sha256)

    def predict(self, features: Floats) -> npt.NDArray[np.float32]:
        """Return one prediction per row of `features`, whose columns are in the order of `names`."""
        return trees.predict(self.booster, self.names, features)

    def read_rows(self, table: Table) -> Iterator[tuple[pa.RecordBatch, Floats]]:
        """Yield a file's rows in batches, with their features. Raises DataError for a row that the API would refuse."""
        table.require(self.names)
        before = 0
        for batch in table.batches():
            columns = [numbers(table, name, batch.column(name), before, name in self.nullable) for name in self.names]
            yield batch, np.column_stack(columns)
            before += batch.num_rows
