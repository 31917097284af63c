"""Where the data is kept: a folder or an S3 bucket, each file by its digest, with a record of which is current."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from training import files
from training.config import Config
from training.data import s3
from training.errors import DataError

RECORD = "data.json"


class Store(Protocol):
    """Named files of one model."""

    def put(self, source: Path, name: str) -> str:
        """Keep a copy of `source` as `name` and return where."""

    def get(self, name: str, target: Path) -> Path:
        """Return a path with the content of `name`; `target` is written if it needs to be."""


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    path: Path

    def put(self, source: Path, name: str) -> str:
        """Keep a copy, in one go."""
        with files.replacing(self.path / name) as draft:
            shutil.copyfile(source, draft)
        return str(self.path / name)

    def get(self, name: str, target: Path) -> Path:
        """Return the file itself."""
        return self.path / name


@dataclass(frozen=True)
class Bucket:
    """A prefix of an S3 bucket: s3://bucket/prefix."""

    location: str

    def put(self, source: Path, name: str) -> str:
        """Upload."""
        s3.upload(source, f"{self.location}/{name}")
        return f"{self.location}/{name}"

    def get(self, name: str, target: Path) -> Path:
        """Download."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as draft:
            s3.download(f"{self.location}/{name}", draft)
        return target


def of(config: Config) -> Store:
    """Return the store that `config` asks for, at the place for its model."""
    if config.store.startswith("s3://"):
        s3.split(config.store)
        return Bucket(f"{config.store.rstrip('/')}/{config.name}")
    return Folder((Path(config.store) if config.store else config.output / "data").resolve() / config.name)


def keep(store: Store, parquet: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Keep the data under its digest, then the record that points to it, and return the record."""
    digest = files.sha256(parquet)
    # The digest is part of the name: what a run was trained on stays, and the record never points at half a file.
    name = f"{digest[:16]}.parquet"
    record = about | {"file": name, "sha256": digest, "kept": store.put(parquet, name)}
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / RECORD
        files.write_json(draft, record)
        store.put(draft, RECORD)
    return record


def current(store: Store, target: Path) -> tuple[Path, dict[str, Any]]:
    """Return the data and its record; `target` is where a bucket's file goes. Raises DataError for changed bytes."""
    record = files.read_json(store.get(RECORD, target.with_name(RECORD)), "make_data")
    path = store.get(record["file"], target)
    if not path.is_file():
        raise DataError(f"{path}: not there, `python -m training.make_data` writes it anew")
    if files.sha256(path) != record["sha256"]:
        raise DataError(f"{record['kept']}: its bytes are not those that {RECORD} has the sha256 of")
    return path, record
