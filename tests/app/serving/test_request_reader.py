"""Malformed HTTP: each request is refused in our format, or the connection is closed, and others are not affected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.conftest import Server
from tests.app.http_client import Connection, ask, chunked, get, request
from tests.app.known import Known

HELLO_OF_TLS = bytes.fromhex("16030100a5010000a10303") + bytes(range(160))
BODY = b'{"features": [[1, 2, 3, 4, 5, 6, 7, 8]]}'
CHUNKED = request(content_length="", transfer_encoding="chunked")

MALFORMED = {
    "negative length": request(BODY, content_length="-1"),
    "length that is no number": request(BODY, content_length="40x"),
    "length in hexadecimal": request(BODY, content_length="0x28"),
    "length with a sign": request(BODY, content_length="+40"),
    "length of a hundred digits": request(BODY, content_length="9" * 100),
    "empty length": request(BODY).replace(b"content-length: 40", b"content-length:"),
    "two lengths": request(BODY).replace(b"\r\n\r\n", b"\r\ncontent-length: 40\r\n\r\n"),
    "two lengths that differ": request(BODY).replace(b"\r\n\r\n", b"\r\ncontent-length: 4\r\n\r\n"),
    "two lengths in a list": request(BODY, content_length="40, 40"),
    "length and chunks": request(BODY, transfer_encoding="chunked"),
    "chunks that are not last": chunked(BODY).replace(b": chunked", b": chunked, gzip"),
    "encoding not known": chunked(BODY).replace(b": chunked", b": gzip"),
    "chunk of negative size": chunked(BODY).replace(b"\r\n28\r\n", b"\r\n-28\r\n"),
    "chunk of huge size": chunked(BODY).replace(b"\r\n28\r\n", b"\r\n" + b"f" * 40 + b"\r\n"),
    "chunk longer than its size": chunked(BODY).replace(b"\r\n28\r\n", b"\r\n20\r\n"),
    "chunk without size": chunked(BODY).replace(b"\r\n28\r\n", b"\r\n\r\n"),
    "header without colon": request(BODY).replace(b"host: test", b"host test"),
    "space before the colon": request(BODY).replace(b"host:", b"host :"),
    "null byte in a header": request(BODY).replace(b"test", b"te\0st"),
    "null byte in the path": request(BODY, path="/pre\0dict"),
    "null byte first": b"\0" + request(BODY),
    "line feed alone in a header": request(BODY).replace(b"test", b"te\rst"),
    "path without slash": request(BODY, path="predict"),
    "path beyond ASCII": request(BODY, path="/prédict"),
    "query beyond ASCII": get("/healthz?q=é"),
    "no path": b"GET  HTTP/1.1\r\n\r\n",
    "unknown version": request(BODY, version="3.0"),
    "unknown method": request(BODY, method="PREDICT"),
    "method in small letters": request(BODY, method="post"),
    "tunnel": b"CONNECT test:443 HTTP/1.1\r\nhost: test\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": HELLO_OF_TLS,
    "text": b"hello?\r\n\r\n",
    "nothing but bytes": bytes(range(256)),
}


@pytest.fixture
def connection(served: Server) -> Iterator[Connection]:
    with Connection(served.address) as connection:
        yield connection


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_http_is_refused_in_our_form_and_the_connection_closed(
    served: Server, known: Known, connection: Connection, name: str
) -> None:
    reply = connection.ask(MALFORMED[name])
    assert (reply.status, reply.code) == (400, "bad_request")
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-request-id"]
    assert connection.rest() == b""
    assert known.right(ask(served.address, request(known.body())))


@pytest.mark.parametrize("bytewise", [False, True])
def test_what_is_malformed_behind_an_answer_comes_after_it(
    connection: Connection, known: Known, bytewise: bool
) -> None:
    data = get("/metrics") + request(known.body()) + b"no HTTP\r\n\r\n"
    for piece in [data[i : i + 1] for i in range(len(data))] if bytewise else [data]:
        connection.send(piece)
    assert b"prediction_requests_total" in connection.reply().body
    assert known.right(connection.reply())
    end = connection.rest()
    assert not end or b" 400 Bad Request\r\n" in end


def test_a_body_shorter_than_it_is_leaves_a_malformed_request(connection: Connection, known: Known) -> None:
    body = known.body()
    connection.send(request(body + b"}}", content_length=str(len(body))))
    assert known.right(connection.reply())
    assert connection.reply().code == "bad_request"
    assert connection.rest() == b""


def test_a_smuggled_request_is_a_body(connection: Connection, known: Known) -> None:
    inner = get("/healthz")
    reply = connection.ask(request(inner) + request(known.body()))
    assert reply.code == "invalid_json"
    assert known.right(connection.reply())


@pytest.mark.parametrize(
    "path", ["/%00", "/%ff%fe", "/predict%00", "/../predict", "/predict//california", "/%2e%2e/etc/passwd", "/predict/"]
)
def test_a_path_that_is_nowhere_is_not_found(connection: Connection, path: str) -> None:
    reply = connection.ask(request(b"{}", path=path))
    assert (reply.status, reply.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(b"POST /predict HTTP/1.1\r\n", b"x-header: a\r\n" * 5000, id="headers"),
        pytest.param(b"POST /predict HTTP/1.1\r\nx-header: ", b"a" * 65536, id="header"),
        pytest.param(b"POST /predict HTTP/1.1\r\n", b"a" * 65536, id="name of a header"),
        pytest.param(CHUNKED + b"5;", b"a" * 65536, id="extension of a chunk"),
        pytest.param(CHUNKED + b"0\r\n", b"a: b\r\n" * 10000, id="trailers"),
    ],
)
def test_what_has_no_end_is_refused_while_it_is_sent(
    served: Server, connection: Connection, begin: bytes, more: bytes
) -> None:
    connection.send(begin)
    # The client doesn't look before it has sent much more than is taken, and still gets to read why.
    for _ in range(64):
        connection.send(more)
    replies = connection.rest()
    assert b" 400 Bad Request\r\n" in replies
    assert b"bad_request" in replies


def test_a_trailer_without_end_behind_an_answer_closes_the_connection(connection: Connection) -> None:
    connection.send(get("/healthz", transfer_encoding="chunked") + b"0\r\na: ")
    assert connection.reply().json == {"status": "ok"}
    for _ in range(8):
        connection.send(b"a" * 65536)
    assert b"x-request-id" not in connection.rest().partition(b"bad_request")[2]


def test_a_head_within_the_limit_is_fine_however_it_is_cut(connection: Connection, known: Known) -> None:
    padding = {f"x-padding-{i}": "a" * 1000 for i in range(60)}
    whole = request(known.body(), **padding)
    for cut in (1, 30_000, len(whole) - len(known.body()) - 1, len(whole) - 1):
        connection.send(whole[:cut])
        connection.send(whole[cut:])
        assert known.right(connection.reply())
