"""A trained model that answers, from the workspace or from a bundle."""

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
    """The trees with the contract of their inputs; `sha256` is of the model file, or of the bundle's manifest."""

    names: tuple[str, ...]
    nullable: frozenset[str]
    booster: xgboost.Booster
    sha256: str

    @classmethod
    def trained(cls, workspace: Workspace, features: dict[str, Any]) -> Model:
        """Return what `train` wrote. Raises TrainingError if that was on other features than these."""
        record = files.read_json(workspace.training_record, "train")
        digest = files.sha256(workspace.model) if workspace.model.is_file() else ""
        if (record["features_sha256"], record["sha256"]) != (features["sha256"], digest):
            raise TrainingError(
                f"{workspace.model}: was trained on other features, `python -m training.train` trains anew"
            )
        return cls(tuple(features["features"]), frozenset(features["nullable"]), trees.load(workspace.model), digest)

    @classmethod
    def bundled(cls, path: Path, sha256: str | None = None) -> Model:
        """Return the model of a bundle, which is verified first. Raises BundleError."""
        bundle = app.bundle.load(path, sha256)
        names = tuple(field.name for field in bundle.fields)
        nullable = frozenset(field.name for field in bundle.fields if field.nullable)
        return cls(names, nullable, trees.load(bundle.model), bundle.sha256)

    def predict(self, features: Floats) -> npt.NDArray[np.float32]:
        """Return one answer for each row of `features`, whose columns are in the order of `names`."""
        return trees.predict(self.booster, self.names, features)

    def rows_of(self, table: Table) -> Iterator[tuple[pa.RecordBatch, Floats]]:
        """Yield a file's rows, batch by batch, with their features. Raises DataError where the server would refuse."""
        table.require(self.names)
        before = 0
        for batch in table.batches():
            columns = [numbers(table, name, batch.column(name), before, name in self.nullable) for name in self.names]
            yield batch, np.column_stack(columns)
            before += batch.num_rows
