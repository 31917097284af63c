"""Gets a file from a path, a URL or S3, as a file on this machine."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from training.data import s3
from training.errors import DataError

TIMEOUT_SECONDS = 60


def fetch(location: str, folder: Path) -> Path:
    """Return the path of the file at `location`, copied into `folder` unless it is on this machine already."""
    scheme = urllib.parse.urlsplit(location).scheme if "://" in location else ""
    target = folder / "source"
    if scheme == "s3":
        s3.download(location, target)
    elif scheme in ("http", "https"):
        _download(location, target)
    elif scheme:
        raise DataError(f"data={shown(location)!r}: wanted a path, http://, https:// or s3://")
    elif not Path(location).is_file():
        raise DataError(f"data={location!r}: no such file")
    else:
        target = Path(location)
    return target


def shown(location: str) -> str:
    """Return a location as it may be told: without user, password and query, which can hold secrets."""
    scheme, there, rest = location.partition("://")
    if not there:
        return location
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _download(url: str, target: Path) -> None:
    try:
        # The scheme was checked by the caller: http or https, never file.
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as error:
        raise DataError(f"{shown(url)}: answers {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(url)}: can't be fetched: {getattr(error, 'reason', error)}") from error
