"""Files from paths, URLs and S3."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from training.data import s3, source
from training.errors import DataError


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server with a file `data.csv`."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "data.csv").write_text("a\n1\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_path_is_used_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n")
    assert source.fetch(str(path), tmp_path) == path


def test_a_url_is_downloaded(site: str, tmp_path: Path) -> None:
    assert source.fetch(f"{site}/data.csv?key=1", tmp_path).read_text() == "a\n1\n"


def test_an_object_is_downloaded(bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    s3.upload(path, f"s3://{bucket}/some/data.csv")
    assert source.fetch(f"s3://{bucket}/some/data.csv", tmp_path).read_text() == "a\n1\n"


def test_a_failed_download_is_refused_with_its_address(site: str, bucket: str, tmp_path: Path) -> None:
    for location, wanted in [
        (f"{site}/none.csv", "none.csv: the server answered 404"),
        (f"s3://{bucket}/none.csv", f"s3://{bucket}/none.csv: .*404"),
        ("http://127.0.0.1:1/none.csv", "none.csv: download failed"),
        (str(tmp_path / "none.csv"), "none.csv'?: no such file"),
        ("ftp://there/data.csv", "wanted a path, http://, https:// or s3://"),
        ("file:///etc/hostname", "wanted a path, http://, https:// or s3://"),
        ("s3://", "wanted s3://bucket/key"),
    ]:
        with pytest.raises(DataError, match=wanted):
            source.fetch(location, tmp_path)


def test_secrets_in_an_address_are_redacted(tmp_path: Path) -> None:
    assert source.redacted("https://me:secret@there:1/data.csv?token=secret#x") == "https://there:1/data.csv"
    assert source.redacted("sqlite:////folder/mlflow.db") == "sqlite:////folder/mlflow.db"
    assert source.redacted("data.csv") == "data.csv"
    with pytest.raises(DataError) as caught:
        source.fetch("http://me:secret@127.0.0.1:1/data.csv?token=secret", tmp_path)
    assert "secret" not in str(caught.value)
