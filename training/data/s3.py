"""Reads and writes objects in S3. boto3 takes credentials, region and AWS_ENDPOINT_URL from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.errors import DataError


def split(location: str) -> tuple[str, str]:
    """Return bucket and key of s3://bucket/key."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not bucket:
        raise DataError(f"{location}: wanted s3://bucket/key")
    return bucket, key


def download(location: str, target: Path) -> None:
    """Download the object to the file `target`."""
    with _client(location) as client:
        client.download_file(*split(location), str(target))


def upload(source: Path, location: str) -> None:
    """Upload the file to the object."""
    with _client(location) as client:
        client.upload_file(str(source), *split(location))


@contextmanager
def _client(location: str) -> Iterator[Any]:
    # boto3 takes a while to import, and most trainings do not need it.
    import boto3
    import boto3.exceptions
    import botocore.exceptions

    failures = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, boto3.exceptions.Boto3Error)
    try:
        yield boto3.client("s3")
    except failures as error:
        raise DataError(f"{location}: {error}") from error
