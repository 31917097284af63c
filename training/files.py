"""Writes files atomically, reads records, and computes sha256."""

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
    """Yield a temporary path beside `path`. It replaces `path` at the end, or is removed if writing fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        yield draft
        os.replace(draft, path)


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(content: Any) -> str:
    """Return `content` as JSON. The same content gives the same text."""
    return json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, atomically."""
    with replacing(path) as draft:
        draft.write_text(to_json(content), encoding="utf-8")


def read_json(path: Path, step: str) -> dict[str, Any]:
    """Return the JSON at `path`. `step` is the step that writes it, for the error message."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: no such file; run `python -m training.{step}` first") from error
    except ValueError as error:
        raise TrainingError(f"{path}: not valid JSON; run `python -m training.{step}` again") from error
    return content
