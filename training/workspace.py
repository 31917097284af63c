"""Where the steps hand over to each other: one folder per model, one folder per step in it."""

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
    """The paths below the output folder; every file is named here only."""

    output: Path
    name: str

    @classmethod
    def of(cls, config: Config) -> Workspace:
        """Return the workspace of the model that `config` names."""
        return cls(config.output.resolve(), config.name)

    @property
    def folder(self) -> Path:
        """What passes from step to step."""
        return self.output / "training" / self.name

    @property
    def data(self) -> Path:
        """The data as kept, where the store is a bucket; from `build_features`."""
        return self.folder / "data" / "data.parquet"

    @property
    def features(self) -> Path:
        """The checked rows with the part that each belongs to; from `build_features`."""
        return self.folder / "features" / "features.parquet"

    @property
    def features_record(self) -> Path:
        """Names, parts and origin of the features; from `build_features`."""
        return self.folder / "features" / "features.json"

    @property
    def model(self) -> Path:
        """The trees as UBJSON; from `train`."""
        return self.folder / "train" / "model.ubj"

    @property
    def training_record(self) -> Path:
        """Parameters and learning curve; from `train`."""
        return self.folder / "train" / "training.json"

    @property
    def evaluation(self) -> Path:
        """The folder of the errors and the pictures; from `evaluate`."""
        return self.folder / "evaluate"

    @property
    def draft(self) -> Path:
        """The bundle while `register` makes it."""
        return self.folder / "bundle"

    @property
    def bundles(self) -> Path:
        """The finished bundles of this model, one folder per version."""
        return self.output / "models" / self.name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace: two trainings of one model would mix their files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise TrainingError(f"{self.folder}: another training of {self.name!r} is at work here") from error
            yield
