"""Objects in S3."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data import s3
from training.errors import DataError


def test_what_is_uploaded_is_downloaded(bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    s3.upload(path, f"s3://{bucket}/a/b")
    s3.download(f"s3://{bucket}/a/b", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"content"


def test_a_missing_bucket_is_refused_with_its_name(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"s3://none/key: .*NoSuchBucket"):
        s3.upload(tmp_path / "file", "s3://none/key")


def test_an_address_has_a_bucket_and_a_key() -> None:
    assert s3.split("s3://bucket/some/key") == ("bucket", "some/key")
    with pytest.raises(DataError, match="wanted s3://bucket/key"):
        s3.split("s3:///key")
