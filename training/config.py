"""The settings of training: every default stands here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from training.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

# The variables that give a setting, for those who start training by `make` or in a container.
ENVIRONMENT: Mapping[str, str] = {"DATA": "data", "MLFLOW_TRACKING_URI": "tracking_uri"}


def _key(default: Any, help: str, wanted: str = "", holds: Callable[[Any], bool] = lambda _: True) -> Any:
    """Return a field with its one line of help and, where not every value will do, what is wanted."""
    return field(default=default, metadata={"help": help, "wanted": wanted, "holds": holds})


def _share(default: float, help: str) -> Any:
    return _key(default, help, "more than 0 and less than 1", lambda value: 0 < value < 1)


def _part(default: float, help: str) -> Any:
    return _key(default, help, "more than 0 and at most 1", lambda value: 0 < value <= 1)


def _count(default: int, help: str) -> Any:
    return _key(default, help, "1 or more", lambda value: value >= 1)


def _amount(default: float, help: str) -> Any:
    return _key(default, help, "0 or more", lambda value: value >= 0)


@dataclass(frozen=True)
class Config:
    """One training: what it reads, how it learns, where it writes."""

    name: str = _key(
        "california",
        "the model's name: in the registry, of its experiment, of its folders",
        "letters, digits, - and _",
        lambda value: NAME.fullmatch(value) is not None,
    )
    data: str = _key("", "CSV or Parquet: a path, a URL or s3://bucket/key; empty: scikit-learn's California Housing")
    allow_generated: bool = _key(False, "train on a made-up sample where no data is given and none can be downloaded")
    output: Path = _key(ROOT / "var", "the folder that everything is written to")  # noqa: RUF009 - it makes a field
    store: str = _key("", "where the data is kept: a folder or s3://bucket/prefix; empty: <output>/data")
    tracking_uri: str = _key("", "MLflow's tracking server or database; empty: SQLite in <output>/mlflow.db")

    features: tuple[str, ...] = _key(
        ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"),
        "the columns that the model sees, in the order of its signature",
        "one name or more, each once",
        lambda value: len(value) > 0 and len(set(value)) == len(value) and all(value),
    )
    target: str = _key("MedHouseVal", "the column to predict", "a column's name", bool)
    latitude: str = _key("Latitude", "the column for errors per region and the map; empty: none")
    longitude: str = _key("Longitude", "the column for errors per region and the map; empty: none")

    test_share: float = _share(0.2, "share of the rows held out for the evaluation")
    valid_share: float = _share(0.1, "share of the rows that decide when to stop")
    split_seed: int = _key(0, "another number deals the rows into other parts")

    rounds: int = _count(100, "trees at most; serving takes time in proportion to them")
    early_stopping_rounds: int = _count(20, "stop after so many trees that did not help on the validation part")
    learning_rate: float = _part(0.25, "how much each tree counts")
    max_depth: int = _count(6, "levels of a tree")
    max_bin: int = _key(256, "histogram bins per feature", "2 or more", lambda value: value >= 2)
    min_child_weight: float = _amount(1.0, "rows that a leaf needs")
    subsample: float = _part(0.9, "share of the rows that a tree sees")
    colsample_bytree: float = _part(0.8, "share of the features that a tree sees")
    reg_lambda: float = _amount(10.0, "L2 regularization of the leaves")
    seed: int = _key(1, "of the sampling of rows and features", "0 or more", lambda value: value >= 0)
    # Sums of floats depend on how they are dealt to threads: with one number the model's bytes are the same everywhere.
    threads: int = _count(1, "threads of the training; the same data and number give the same model, byte for byte")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not item.metadata["holds"](value):
                raise ConfigError(f"{item.name}={value!r}: wanted {item.metadata['wanted']}")
        if self.test_share + self.valid_share >= 1:
            raise ConfigError(f"test_share={self.test_share}: with valid_share={self.valid_share} wanted less than 1")
        if self.target in self.features:
            raise ConfigError(f"target={self.target!r}: is one of the features, wanted another column")
        if bool(self.latitude) != bool(self.longitude):
            raise ConfigError(f"latitude={self.latitude!r}: wanted both or none of latitude and longitude")

    @property
    def place(self) -> tuple[str, ...]:
        """The names of the columns of latitude and longitude, or none."""
        return (self.latitude, self.longitude) if self.latitude else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is needed of the data, once."""
        return tuple(dict.fromkeys((*self.features, *self.place, self.target)))
