"""Each connection is a new one, and a client that resumes does resume."""

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.gateway import peers, targets
from bench.gateway.handshakes import Client
from bench.gateway.targets import Target
from bench.serving.wrk import LoadError

BODY = b'{"features": [[1.0]]}'


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if body == BODY else 400)
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    certificate = peers.make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with Server(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield targets.gateway("some", server.server_address[1], certificate)
        server.shutdown()


def test_full_handshakes_resume_nothing(target: Target) -> None:
    client = Client(target, BODY, resume=False)
    while len(client.times_ms) < 2:
        client.run(time.perf_counter() + 0.2)
    assert client.resumed == 0


def test_every_timed_connection_of_a_client_that_resumes_is_resumed(target: Target) -> None:
    client = Client(target, BODY, resume=True)
    while len(client.times_ms) < 2:
        client.run(time.perf_counter() + 0.2)
    assert client.resumed == len(client.times_ms)


def test_an_answer_other_than_200_is_an_error(target: Target) -> None:
    with pytest.raises(LoadError, match="some: status 400"):
        Client(target, b"other", resume=False).ask()
