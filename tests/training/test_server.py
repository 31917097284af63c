"""Whether a tracking server is there."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from training import server
from training.config import Config
from training.errors import TrainingError


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server that answers everything with 401."""

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Refuse) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()
        thread.join()


def test_nobody_there_is_said_at_once_and_without_the_password() -> None:
    with pytest.raises(TrainingError, match=r"tracking_uri='http://127.0.0.1:1/mlflow': no server") as caught:
        server.require(Config(tracking_uri="http://me:secret@127.0.0.1:1/mlflow"))
    assert "secret" not in str(caught.value)


def test_a_server_that_wants_a_login_is_there(refusing: str) -> None:
    server.require(Config(tracking_uri=refusing))


@pytest.mark.parametrize("uri", ["", "sqlite:////none/mlflow.db", "databricks"])
def test_only_http_is_asked(uri: str) -> None:
    server.require(Config(tracking_uri=uri))
