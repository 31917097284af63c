"""Files that are either whole or not there, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.errors import TrainingError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, which takes its place at the end, or vanishes where writing failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        yield draft
        os.replace(draft, path)


def sha256(path: Path) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump(document: Any) -> str:
    """Return `document` as JSON that is the same for the same content."""
    return json.dumps(document, sort_keys=True, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, document: Any) -> None:
    """Write `document` in one go."""
    with replacing(path) as draft:
        draft.write_text(dump(document), encoding="utf-8")


def read_json(path: Path, step: str) -> dict[str, Any]:
    """Return what the step called `step` wrote to `path`."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: not there yet, `python -m training.{step}` writes it") from error
    except ValueError as error:
        raise TrainingError(f"{path}: is not JSON, `python -m training.{step}` writes it anew") from error
    return document
