"""The settings of training and their defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from training.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

# Environment variables for settings, for `make` and for containers.
ENVIRONMENT: Mapping[str, str] = {"DATA": "data", "MLFLOW_TRACKING_URI": "tracking_uri"}


def _key(default: Any, help: str, wanted: str = "", holds: Callable[[Any], bool] = lambda _: True) -> Any:
    """Return a field with its line of help and, if `holds` refuses some values, a description of the others."""
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
    """Settings of one training: input, model parameters, output."""

    name: str = _key(
        "california",
        "name of the model, of its MLflow experiment and of its folders",
        "letters, digits, - and _",
        lambda value: NAME.fullmatch(value) is not None,
    )
    data: str = _key("", "CSV or Parquet: a path, a URL or s3://bucket/key; empty: download California Housing")
    allow_generated: bool = _key(False, "train on generated data if `data` is empty and the download fails")
    output: Path = _key(ROOT / "var", "folder for everything that training writes")  # noqa: RUF009 - it makes a field
    store: str = _key("", "where to store the data: a folder or s3://bucket/prefix; empty: data/ in `output`")
    tracking_uri: str = _key("", "MLflow tracking server or database; empty: SQLite, mlflow.db in `output`")

    features: tuple[str, ...] = _key(
        ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"),
        "input columns of the model, in the order of its signature",
        "one or more names, no name twice",
        lambda value: len(value) > 0 and len(set(value)) == len(value) and all(value),
    )
    target: str = _key("MedHouseVal", "column to predict", "the name of a column", bool)
    latitude: str = _key("Latitude", "column for the errors per region and the map; empty: neither")
    longitude: str = _key("Longitude", "column for the errors per region and the map; empty: neither")

    test_share: float = _share(0.2, "share of the rows held out for evaluation")
    valid_share: float = _share(0.1, "share of the rows for early stopping")
    split_seed: int = _key(0, "seed of the split into train, valid and test")

    rounds: int = _count(100, "maximum number of trees; the time of a prediction grows with it")
    early_stopping_rounds: int = _count(20, "stop after this many trees without a better validation score")
    learning_rate: float = _part(0.25, "weight of each new tree")
    max_depth: int = _count(6, "maximum depth of a tree")
    max_bin: int = _key(256, "histogram bins per feature", "2 or more", lambda value: value >= 2)
    min_child_weight: float = _amount(1.0, "minimum number of rows in a leaf")
    subsample: float = _part(0.9, "share of the rows that each tree is trained on")
    colsample_bytree: float = _part(0.8, "share of the features that each tree is trained on")
    reg_lambda: float = _amount(10.0, "L2 regularization of the leaf weights")
    seed: int = _key(1, "seed of the sampling of rows and features", "0 or more", lambda value: value >= 0)
    # The order of floating-point sums depends on the number of threads, and the model's bytes on that order.
    threads: int = _count(1, "training threads; the same data and the same number give the same model, byte for byte")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not item.metadata["holds"](value):
                raise ConfigError(f"{item.name}={value!r}: wanted {item.metadata['wanted']}")
        if self.test_share + self.valid_share >= 1:
            raise ConfigError(
                f"test_share={self.test_share}, valid_share={self.valid_share}: wanted a sum of less than 1"
            )
        if self.target in self.features:
            raise ConfigError(f"target={self.target!r}: is also in features, wanted another column")
        if bool(self.latitude) != bool(self.longitude):
            raise ConfigError(
                f"latitude={self.latitude!r}, longitude={self.longitude!r}: wanted both columns or neither"
            )

    @property
    def coordinate_columns(self) -> tuple[str, ...]:
        """The columns of latitude and longitude, or none."""
        return (self.latitude, self.longitude) if self.latitude else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that training reads, without duplicates."""
        return tuple(dict.fromkeys((*self.features, *self.coordinate_columns, self.target)))
