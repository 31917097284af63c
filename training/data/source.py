"""Fetches a file from a path, a URL or S3 to this machine."""

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
    """Return the local path of the file at `location`. A remote file is downloaded to `folder`."""
    scheme = urllib.parse.urlsplit(location).scheme if "://" in location else ""
    target = folder / "source"
    if scheme == "s3":
        s3.download(location, target)
    elif scheme in ("http", "https"):
        _download(location, target)
    elif scheme:
        raise DataError(f"data={redacted(location)!r}: wanted a path, http://, https:// or s3://")
    elif not Path(location).is_file():
        raise DataError(f"data={location!r}: no such file")
    else:
        target = Path(location)
    return target


def redacted(location: str) -> str:
    """Return a location without user, password and query, which can contain secrets."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return location
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _download(url: str, target: Path) -> None:
    try:
        # The caller has checked that the scheme is http or https, so this opens no local file.
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as error:
        raise DataError(f"{redacted(url)}: the server answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{redacted(url)}: download failed: {getattr(error, 'reason', error)}") from error
