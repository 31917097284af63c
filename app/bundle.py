"""A model bundle on disk: an MLflow model directory with its manifest, read without running anything of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
REFERENCE = "reference.json"
MLMODEL = "MLmodel"
FORMAT = 1

# MLflow adds it to what it downloads by `models:/`, with the version's number, which no manifest can know. Never read.
DOWNLOADED = "registered_model_meta"

# An allow-list: what can hold code or a pickle has no place in a bundle, whatever its name.
SUFFIXES = {"", ".ubj", ".onnx", ".json", ".yaml", ".txt"}
PICKLE = re.compile(rb"\x80[\x01-\x05]")
# MLflow's classes whose prediction is the booster's own; a classifier's is not.
MODEL_CLASSES = {"xgboost.core.Booster", "xgboost.sklearn.XGBRegressor"}
TYPES = ("double", "float", "long", "integer", "boolean")


class BundleError(Exception):
    """A bundle that must not be served; the message names the file."""


@dataclass(frozen=True)
class Field:
    """One input of the model: `type` is MLflow's, `nullable` says whether null may stand for a missing value."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class Golden:
    """Rows (in the signature's order, None is missing) and the answers that XGBoost gave for them in training."""

    rows: tuple[tuple[float | None, ...], ...]
    predictions: tuple[Any, ...]


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: `sha256` is its manifest's, `model` the XGBoost model as UBJSON."""

    sha256: str
    fields: tuple[Field, ...]
    model: bytes
    golden: Golden


def load(path: Path, sha256: str | None = None) -> Bundle:
    """Verify the bundle at `path`, against the pin `sha256` where given, and read what serving needs.

    Raises BundleError, naming the file, for anything missing, unlisted, changed, linked or of an unknown kind.
    """
    files = verify(path, sha256)
    mlmodel = _mlmodel(files[MLMODEL])
    fields = _signature(mlmodel)
    return Bundle(hashlib.sha256(files[MANIFEST]).hexdigest(), fields, _model(files, mlmodel), _golden(files, fields))


def verify(path: Path, sha256: str | None = None) -> dict[str, bytes]:
    """Return the content of each file of the bundle, keyed by its relative path, all as the manifest lists them."""
    if not path.is_dir():
        raise BundleError(f"{path}: no such directory")
    manifest = _regular(path / MANIFEST).read_bytes()
    digest = hashlib.sha256(manifest).hexdigest()
    if sha256 is not None and digest != sha256:
        raise BundleError(f"{path / MANIFEST}: sha256 is {digest}, the pin is {sha256}")
    listed = _listed(path / MANIFEST, manifest)
    present = {file.relative_to(path).as_posix() for file in _walk(path)} - {MANIFEST, DOWNLOADED}
    for name in sorted(present - set(listed)):
        raise BundleError(f"{path / name}: not listed in {MANIFEST}")
    for name in (MLMODEL, GOLDEN, REFERENCE, *listed):
        if name not in present or name not in listed:
            raise BundleError(f"{path / name}: missing")
    return {MANIFEST: manifest} | {name: _content(path / name, entry) for name, entry in listed.items()}


def _listed(where: Path, manifest: bytes) -> dict[str, Mapping[str, Any]]:
    """Return the manifest's entries, each with a path that stays inside the bundle."""
    try:
        document = json.loads(manifest)
        files = dict(document["files"]) if document["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f'{where}: wanted {{"format": {FORMAT}, "files": {{...}}}}') from error
    if files is None:
        raise BundleError(f"{where}: format {document['format']!r} is not known, wanted {FORMAT}")
    for name, entry in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name or pure.as_posix() != name:
            raise BundleError(f"{where}: {name!r} leaves the bundle or is not a plain relative path")
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("sha256"), str)
            or type(entry.get("size")) is not int
        ):
            raise BundleError(f"{where}: the entry of {name!r} wants a sha256 and a size")
    return files


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)
        else:
            yield _regular(entry)


def _regular(file: Path) -> Path:
    if file.is_symlink():
        raise BundleError(f"{file}: is a symlink")
    if not file.exists():
        raise BundleError(f"{file}: missing")
    if not file.is_file():
        raise BundleError(f"{file}: is not a regular file")
    return file


def _content(file: Path, entry: Mapping[str, Any]) -> bytes:
    if file.suffix not in SUFFIXES or (file.suffix == "" and file.name != MLMODEL):
        raise BundleError(f"{file}: a file of this kind has no place in a bundle")
    size = file.stat().st_size
    if size != entry["size"]:
        raise BundleError(f"{file}: has {size} bytes, {MANIFEST} says {entry['size']}")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BundleError(f"{file}: sha256 differs from {MANIFEST}")
    if PICKLE.match(content):
        raise BundleError(f"{file}: is a pickle")
    return content


def _mlmodel(content: bytes) -> dict[str, Any]:
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise BundleError(f"{MLMODEL}: is not plain YAML") from error
    if not isinstance(document, dict):
        raise BundleError(f"{MLMODEL}: wanted a mapping, got {type(document).__name__}")
    return document


def _signature(mlmodel: Mapping[str, Any]) -> tuple[Field, ...]:
    try:
        columns = json.loads(mlmodel["signature"]["inputs"])
        fields = tuple(Field(c["name"], c["type"], not c.get("required", True)) for c in columns)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{MLMODEL}: wanted a signature with a name and a type for each input") from error
    for field in fields:
        if field.type not in TYPES:
            raise BundleError(
                f"{MLMODEL}: input {field.name!r} has type {field.type!r}, wanted one of {', '.join(TYPES)}"
            )
    if not fields or len({field.name for field in fields}) != len(fields):
        raise BundleError(f"{MLMODEL}: wanted at least one input, each name once")
    return fields


def _model(files: Mapping[str, bytes], mlmodel: Mapping[str, Any]) -> bytes:
    flavors = mlmodel.get("flavors")
    flavor = flavors.get("xgboost") if isinstance(flavors, dict) else None
    if not isinstance(flavor, dict):
        raise BundleError(f"{MLMODEL}: wanted the xgboost flavor")
    if flavor.get("model_class") not in MODEL_CLASSES:
        raise BundleError(
            f"{MLMODEL}: model_class {flavor.get('model_class')!r}, wanted one of {sorted(MODEL_CLASSES)}"
        )
    name = flavor.get("data")
    if not isinstance(name, str) or not name.endswith(".ubj"):
        raise BundleError(f"{MLMODEL}: the model is {name!r}, wanted XGBoost's UBJSON (*.ubj)")
    if name not in files:
        raise BundleError(f"{name}: missing")
    return files[name]


def _golden(files: Mapping[str, bytes], fields: tuple[Field, ...]) -> Golden:
    try:
        document = json.loads(files[GOLDEN])
        columns, rows, answers = document["columns"], document["rows"], document["predictions"]
        golden = Golden(tuple(tuple(row) for row in rows), tuple(answers))
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{GOLDEN}: wanted columns, rows and predictions") from error
    if columns != [field.name for field in fields] or any(len(row) != len(fields) for row in golden.rows):
        raise BundleError(f"{GOLDEN}: its columns differ from the signature's")
    if not golden.rows or len(golden.rows) != len(golden.predictions):
        raise BundleError(f"{GOLDEN}: wanted rows, and one prediction for each")
    return golden
