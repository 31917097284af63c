"""Reads and verifies a model bundle: an MLflow model directory with a manifest. No code of the bundle is run.

The work is bounded too: no file is read beyond its limit, and files that are parsed have small limits.

`plugins/module_utils/slipway/bundle.py` verifies bundles on a host, on purpose in code of its own; the cases in
tests/bundle_cases.py hold both together.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from app import mlmodel
from app.engines import ubjson
from app.mlmodel import MLmodelError

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
REFERENCE = "reference.json"
MLMODEL = "MLmodel"
FORMAT = 1

# MLflow adds this file to what it downloads by `models:/`: it holds the version's number, which no manifest can know.
# Nothing reads it.
DOWNLOADED = "registered_model_meta"

# An allow-list: a file that can hold code or a pickle is not allowed in a bundle, whatever its name.
SUFFIXES = {"", ".ubj", ".onnx", ".json", ".yaml", ".txt"}
PICKLE = re.compile(rb"\x80[\x01-\x05]")
# In bytes. Parsing takes up to 70 times a file's size in memory. For eight fields, the files have 2, 1 and 12 kB.
MIB = 2**20
LIMITS = {MANIFEST: MIB, MLMODEL: MIB, GOLDEN: 4 * MIB}
LARGEST = 1024 * MIB
# Above this a float32 is infinite.
FLOAT32 = 2.0**128 - 2.0**103


class BundleError(Exception):
    """The bundle must not be served; the message names the file."""


@dataclass(frozen=True)
class Field:
    """One input of the model; `type` is MLflow's type, `nullable` says whether the value may be missing."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class Golden:
    """Rows in the signature's order, with None for a missing value, and the answers that XGBoost gave in training."""

    rows: tuple[tuple[float | None, ...], ...]
    predictions: tuple[Any, ...]

    @property
    def outputs(self) -> int | None:
        """How many numbers the prediction for a row has; None if it is a single number and not a list."""
        first = self.predictions[0]
        return len(first) if isinstance(first, (list, tuple)) else None


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: `sha256` is its manifest's, `model` the XGBoost model as UBJSON."""

    sha256: str
    fields: tuple[Field, ...]
    model: bytes
    golden: Golden


def load(path: Path, sha256: str | None = None) -> Bundle:
    """Verify the bundle at `path`, against the pin `sha256` if there is one, and read what serving needs.

    Raises BundleError for a file that is missing, unlisted, changed, a link or of an unknown kind, and if the model,
    the signature and the golden rows do not fit each other.
    """
    files = verify(path, sha256)
    try:
        inputs, data = mlmodel.read(files[MLMODEL])
    except MLmodelError as error:
        raise BundleError(f"{MLMODEL}: {error}") from error
    fields = tuple(Field(name, kind, not required) for name, kind, required in inputs)
    golden = _golden(files[GOLDEN], fields)
    return Bundle(hashlib.sha256(files[MANIFEST]).hexdigest(), fields, _model(files, data, len(fields)), golden)


def verify(path: Path, sha256: str | None = None) -> dict[str, bytes]:
    """Return the content of each file by its relative path; raises BundleError unless all are as listed."""
    if not path.is_dir():
        raise BundleError(f"{path}: no such directory")
    manifest = _read(_regular(path / MANIFEST), LIMITS[MANIFEST])
    digest = hashlib.sha256(manifest).hexdigest()
    if sha256 is not None and digest != sha256:
        raise BundleError(f"{path / MANIFEST}: sha256 is {digest}, the pin is {sha256}")
    listed = _listed(path / MANIFEST, manifest)
    present = {file.relative_to(path).as_posix() for file in _walk(path)} - {MANIFEST, DOWNLOADED}
    for name in sorted(present - set(listed)):
        raise BundleError(f"{path / name}: is not listed in {MANIFEST}")
    for name in (MLMODEL, GOLDEN, REFERENCE, *listed):
        if name not in present or name not in listed:
            raise BundleError(f"{path / name}: is missing")
    if sum(entry["size"] for entry in listed.values()) > LARGEST:
        raise BundleError(f"{path}: is larger than {LARGEST} bytes")
    return {MANIFEST: manifest} | {name: _content(path / name, entry) for name, entry in listed.items()}


def _listed(where: Path, manifest: bytes) -> dict[str, Mapping[str, Any]]:
    """Return the manifest's entries, each with a path that stays inside the bundle."""
    try:
        document = json.loads(manifest)
        files = dict(document["files"]) if document["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f'{where}: wanted {{"format": {FORMAT}, "files": {{...}}}}') from error
    if files is None:
        raise BundleError(f"{where}: format {str(document['format'])[:64]} is not known, wanted {FORMAT}")
    for name, entry in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name or pure.as_posix() != name:
            raise BundleError(f"{where}: {name!r} is not a plain relative path inside the bundle")
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("sha256"), str)
            or type(entry.get("size")) is not int
        ):
            raise BundleError(f"{where}: wanted a sha256 and a size for {name!r}")
    return files


def _walk(folder: Path) -> Iterator[Path]:
    # Not recursive: folders can be nested deeper than Python's stack.
    folders = [folder]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            else:
                yield _regular(entry)


def _regular(file: Path) -> Path:
    if file.is_symlink():
        raise BundleError(f"{file}: is a symlink")
    if not file.exists():
        raise BundleError(f"{file}: is missing")
    if not file.is_file():
        raise BundleError(f"{file}: is not a regular file")
    return file


def _content(file: Path, entry: Mapping[str, Any]) -> bytes:
    if file.suffix not in SUFFIXES or (file.suffix == "" and file.name != MLMODEL):
        raise BundleError(f"{file}: files of this kind are not allowed in a bundle")
    size = file.stat().st_size
    if size != entry["size"]:
        raise BundleError(f"{file}: has {size} bytes, {MANIFEST} says {entry['size']}")
    content = _read(file, LIMITS.get(file.name, LARGEST))
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BundleError(f"{file}: its sha256 differs from the one in {MANIFEST}")
    if PICKLE.match(content):
        raise BundleError(f"{file}: is a pickle")
    return content


def _read(file: Path, most: int) -> bytes:
    """Return the file's content; raises BundleError, without reading it, if the file is too large."""
    if file.stat().st_size > most:
        raise BundleError(f"{file}: is larger than {most} bytes")
    return file.read_bytes()


def _model(files: Mapping[str, bytes], name: str, inputs: int) -> bytes:
    """Return the model's file; raises BundleError unless it takes as many features as the signature has inputs."""
    if name not in files:
        raise BundleError(f"{name}: is missing")
    try:
        width = int(ubjson.loads(files[name])["learner"]["learner_model_param"]["num_feature"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{name}: is not a model that XGBoost saved as UBJSON: {error}") from error
    if width != inputs:
        raise BundleError(f"{name}: the model takes {width} features, the signature in {MLMODEL} has {inputs} inputs")
    return files[name]


def _golden(content: bytes, fields: tuple[Field, ...]) -> Golden:
    try:
        document = json.loads(content)
        columns, rows, answers = document["columns"], document["rows"], document["predictions"]
        golden = Golden(tuple(tuple(row) for row in rows), tuple(answers))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BundleError(f"{GOLDEN}: wanted columns, rows and predictions") from error
    if columns != [field.name for field in fields] or any(len(row) != len(fields) for row in golden.rows):
        raise BundleError(f"{GOLDEN}: its columns differ from the signature's")
    if not golden.rows or len(golden.rows) != len(golden.predictions):
        raise BundleError(f"{GOLDEN}: wanted at least one row, and one prediction for each")
    if not all(value is None or _is_number(value) for row in golden.rows for value in row):
        raise BundleError(f"{GOLDEN}: wanted rows of finite numbers and nulls")
    if not all(_is_prediction(answer, golden.outputs) for answer in golden.predictions):
        raise BundleError(f"{GOLDEN}: wanted a finite number for each row, or equally many in a list for each")
    return golden


def _is_prediction(answer: object, outputs: int | None) -> bool:
    if outputs is None:
        return _is_number(answer)
    return isinstance(answer, list) and len(answer) == outputs > 0 and all(map(_is_number, answer))


def _is_number(value: object) -> bool:
    # Within the range of float32. NaN is within no range.
    return isinstance(value, (int, float)) and abs(value) < FLOAT32
