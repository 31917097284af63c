"""The files that pass from step to step: one folder per model, in it one folder per step."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.config import Config
from training.errors import TrainingError


@dataclass(frozen=True)
class Workspace:
    """The paths below the output folder."""

    output: Path
    name: str

    @classmethod
    def of(cls, config: Config) -> Workspace:
        """Return the workspace of the model that `config` names."""
        return cls(config.output.resolve(), config.name)

    @property
    def folder(self) -> Path:
        """The folder of this model."""
        return self.output / "training" / self.name

    @property
    def data(self) -> Path:
        """The local copy of the data, if the store is a bucket; written by `build_features`."""
        return self.folder / "data" / "data.parquet"

    @property
    def features(self) -> Path:
        """The checked rows, each with its part; written by `build_features`."""
        return self.folder / "features" / "features.parquet"

    @property
    def features_record(self) -> Path:
        """Names, split and origin of the features; written by `build_features`."""
        return self.folder / "features" / "features.json"

    @property
    def model(self) -> Path:
        """The trees as UBJSON; written by `train`."""
        return self.folder / "train" / "model.ubj"

    @property
    def training_record(self) -> Path:
        """Parameters and learning curve; written by `train`."""
        return self.folder / "train" / "training.json"

    @property
    def evaluation(self) -> Path:
        """The folder with scores and plots; written by `evaluate`."""
        return self.folder / "evaluate"

    @property
    def draft(self) -> Path:
        """The bundle before it has a version; written by `register`."""
        return self.folder / "bundle"

    @property
    def bundles(self) -> Path:
        """The bundles of this model, one folder per version; written by `register`."""
        return self.output / "models" / self.name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the workspace: two trainings of a model would mix their files. Raises TrainingError if it is locked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise TrainingError(f"{self.folder}: another training of {self.name!r} is running") from error
            yield
