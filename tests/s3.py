"""An S3 server for tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def server(monkeypatch: pytest.MonkeyPatch, region: str) -> Iterator[None]:
    """Run an S3 server, and point boto3 at it."""
    from moto.server import ThreadedMotoServer  # takes a second to import

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    try:
        yield
    finally:
        moto.stop()
