"""Reads the fields, the model file and the golden rows of a bundle, for the benchmark and its peers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Field:
    name: str
    nullable: bool


@dataclass(frozen=True)
class Bundle:
    folder: Path
    fields: tuple[Field, ...]
    model: Path

    def golden_rows(self) -> list[list[float | None]]:
        rows: list[list[float | None]] = json.loads((self.folder / "golden.json").read_bytes())["rows"]
        return rows


def read(folder: Path) -> Bundle:
    """Read MLmodel. Raises ValueError with the path if it is not an XGBoost model with a signature."""
    path = folder / "MLmodel"
    if not path.is_file():
        raise ValueError(f"{path}: no such file, wanted the MLflow model directory of a bundle")
    described: dict[str, Any] = yaml.safe_load(path.read_text())
    try:
        inputs = json.loads(described["signature"]["inputs"])
        model = folder / described["flavors"]["xgboost"]["data"]
    except KeyError as error:
        raise ValueError(f"{path}: no {error}, wanted an XGBoost model with a signature") from error
    fields = tuple(Field(column["name"], not column["required"]) for column in inputs)
    return Bundle(folder, fields, model)
