"""Stores the data in a folder or an S3 bucket, each file under its sha256, with a record of the current one."""

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
    """The stored files of one model."""

    def put(self, source: Path, name: str) -> str:
        """Store a copy of `source` as `name` and return its location."""

    def get(self, name: str, target: Path) -> Path:
        """Return a local path of `name`; a remote file is downloaded to `target`."""


@dataclass(frozen=True)
class Folder:
    """A local folder."""

    path: Path

    def put(self, source: Path, name: str) -> str:
        """Copy the file, atomically."""
        with files.replacing(self.path / name) as draft:
            shutil.copyfile(source, draft)
        return str(self.path / name)

    def get(self, name: str, target: Path) -> Path:
        """Return the file itself."""
        return self.path / name


@dataclass(frozen=True)
class Bucket:
    """A prefix in an S3 bucket: s3://bucket/prefix."""

    location: str

    def put(self, source: Path, name: str) -> str:
        """Upload the file."""
        s3.upload(source, f"{self.location}/{name}")
        return f"{self.location}/{name}"

    def get(self, name: str, target: Path) -> Path:
        """Download the file to `target`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as draft:
            s3.download(f"{self.location}/{name}", draft)
        return target


def open_store(config: Config) -> Store:
    """Return the store of this model."""
    if config.store.startswith("s3://"):
        s3.split(config.store)
        return Bucket(f"{config.store.rstrip('/')}/{config.name}")
    return Folder((Path(config.store) if config.store else config.output / "data").resolve() / config.name)


def save(store: Store, parquet: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Store the data under its sha256, then the record that points to it, and return the record."""
    digest = files.sha256(parquet)
    # With the digest in the name, the data of earlier runs stays, and the record never points at a partial file.
    name = f"{digest[:16]}.parquet"
    record = about | {"file": name, "sha256": digest, "kept": store.put(parquet, name)}
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / RECORD
        files.write_json(draft, record)
        store.put(draft, RECORD)
    return record


def load_current(store: Store, target: Path) -> tuple[Path, dict[str, Any]]:
    """Return the data and its record. A bucket's file is downloaded to `target`. Raises DataError for changed bytes."""
    record = files.read_json(store.get(RECORD, target.with_name(RECORD)), "make_data")
    path = store.get(record["file"], target)
    if not path.is_file():
        raise DataError(f"{path}: no such file; run `python -m training.make_data` again")
    if files.sha256(path) != record["sha256"]:
        raise DataError(
            f"{record['kept']}: its sha256 is not the one in {RECORD}; run `python -m training.make_data` again"
        )
    return path, record
