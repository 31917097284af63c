"""The rules of RFC 9110 and RFC 9112, tested over a socket; each request is also sent in odd pieces."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.app.conftest import Server
from tests.app.http_client import Connection, ask, chunked, get, request
from tests.app.known import Known

BODY = b'{"features": [[1, 2, 3, 4, 5, 6, 7, 8]]}'
OFFER = {"connection": "upgrade", "upgrade": "h2c"}
TWO_HOSTS = {"host": "test\r\nhost: test"}


def in_chunks(body: bytes) -> bytes:
    """Return a chunked request with the body exactly as given, chunk sizes and all."""
    return request(content_length="", transfer_encoding="chunked") + body


def encoded(value: str) -> bytes:
    """Return a request in chunks that names this transfer encoding."""
    return chunked(BODY).replace(b": chunked", b": " + value.encode())


# Refused with 400, and the connection closed: no later byte is read as a request.
REFUSED = {
    "HTTP/1.1 without a host": request(BODY, host=""),
    "HTTP/1.1 without a host, no prediction": get("/healthz", host=""),
    "two hosts": request(BODY, **TWO_HOSTS),
    "two hosts, no prediction": get("/healthz", **TWO_HOSTS),
    "two hosts in HTTP/1.0": request(BODY, version="1.0", **TWO_HOSTS),
    "two hosts that differ": request(BODY, host="test\r\nHost: other"),
    "two hosts in an offer": request(BODY, **TWO_HOSTS, **OFFER),
    "host with a space": request(BODY, host="te st"),
    "host with a path": request(BODY, host="test/predict"),
    "host with a user": request(BODY, host="user@test"),
    "host with a port that is no number": request(BODY, host="test:http"),
    "absolute form without a host header": get("http://test/healthz", host=""),
    "absolute form without an authority": get("http:///healthz"),
    "absolute form with a user": get("http://user@test/healthz"),
    "absolute form of another scheme": get("ftp://test/healthz"),
    "asterisk form": request(method="OPTIONS", path="*"),
    "asterisk form of GET": get("*"),
    "authority form": get("test:80"),
    "authority form of CONNECT": request(method="CONNECT", path="test:80"),
    "HTTP/0.9": request(BODY, version="0.9"),
    "HTTP/0.9 without headers": b"GET /healthz\r\n\r\n",
    "HTTP/2.0": request(BODY, version="2.0"),
    "chunks in HTTP/1.0": chunked(BODY, version="1.0"),
    "chunks in HTTP/1.0, no prediction": chunked(BODY, version="1.0", path="/healthz"),
    "length and chunks": request(BODY, transfer_encoding="chunked"),
    "chunks and length": chunked(BODY).replace(b"\r\n\r\n", b"\r\ncontent-length: 40\r\n\r\n", 1),
    "two lengths": request(BODY, content_length="40\r\ncontent-length: 40"),
    "compressed chunks": encoded("gzip, chunked"),
    "compressed chunks in two headers": encoded("gzip\r\ntransfer-encoding: chunked"),
    "chunked twice": encoded("chunked, chunked"),
    "chunked in two headers": encoded("chunked\r\ntransfer-encoding: chunked"),
    "chunked, then compressed in another header": encoded("chunked\r\ntransfer-encoding: gzip"),
    "chunked with a parameter": encoded("chunked;q=1"),
    "nearly chunked": encoded("xchunked"),
    "identity": request(BODY, transfer_encoding="identity"),
    "encoding of no name": request(BODY, transfer_encoding="\t"),
    "folded header": request(BODY, host="test\r\nx-header: a\r\n b"),
    "folded encoding": request(BODY, transfer_encoding="\r\n chunked"),
    "line ends without carriage return": request(BODY).replace(b"\r\n", b"\n"),
    "NUL in a header": request(BODY, x_header="a\0b"),
    "chunk size in hexadecimal of C": in_chunks(b"0x28\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size with a sign": in_chunks(b"+28\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size with an underscore": in_chunks(b"2_8\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size with a space": in_chunks(b"28 \r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size that overflows": in_chunks(b"10000000000000028\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size that ends in a line feed": in_chunks(b"28\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk without its end": in_chunks(b"28\r\n" + BODY + b"0\r\n\r\n"),
    "chunk extension with a line feed": in_chunks(b"28;a\nb\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "length in a trailer": in_chunks(b"28\r\n" + BODY + b"\r\n0\r\ncontent-length: 5\r\n\r\n"),
}  # fmt: skip

# Answered as on any other request; the last header lines of some of them are of no meaning to HTTP/1.0.
ANSWERED = {
    "absolute form without a path": (get("http://test"), 404),
    "absolute form with a query only": (get("http://test?q=1"), 404),
    "absolute form": (get("http://test/healthz"), 200),
    "absolute form in capitals": (get("HTTP://TEST:80/healthz"), 200),
    "absolute form of a prediction": (request(BODY, path="http://test/predict?q=1"), 200),
    "absolute form of IPv6": (get("https://[::1]:8000/healthz", host="[::1]:8000"), 200),
    "empty host": (get("/healthz", host=" "), 200),
    "host with a port": (request(BODY, host="test.example:8000"), 200),
    "host with an underscore": (request(BODY, host="slipway_api"), 200),
    "HTTP/1.0 without a host": (request(BODY, version="1.0", host=""), 200),
    "HTTP/1.0 with an offer": (request(BODY, version="1.0", **OFFER), 200),
    "HTTP/1.0 with an offer and no prediction": (get("/healthz", version="1.0", **OFFER), 200),
    "HTTP/1.0 with an expectation": (request(BODY, version="1.0", expect="100-continue"), 200),
    "encoding in capitals": (encoded("Chunked"), 200),
    "chunk size with zeros": (in_chunks(b"0" * 16 + b"28\r\n" + BODY + b"\r\n0\r\n\r\n"), 200),
    "empty lines before it": (b"\r\n\r\n" + request(BODY), 200),
    "length on a request that wants no body": (request(BODY, method="GET", path="/healthz"), 200),
}  # fmt: skip


@pytest.fixture
def connection(served: Server) -> Iterator[Connection]:
    with Connection(served.address) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def send(connection: Connection, data: bytes, size: int) -> None:
    """Send the data in pieces of this size; the server may have refused them before the last."""
    try:
        for start in range(0, len(data), size):
            connection.send(data[start : start + size])
    except ConnectionError:
        assert size < len(data)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(
    connection: Connection, name: str, size: int
) -> None:
    send(connection, REFUSED[name] + get("/healthz"), size)
    replies = connection.rest()
    assert len(re.findall(rb"HTTP/1.1 \d", replies)) == 1
    assert replies.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close\r\n" in replies
    assert b'"bad_request"' in replies


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_unusual_but_clear_is_answered(
    served: Server, known: Known, connection: Connection, name: str, size: int
) -> None:
    data, status = ANSWERED[name]
    send(connection, data, size)
    assert connection.reply().status == status
    assert known.right(ask(served.address, request(known.body())))


@pytest.mark.parametrize("path", ["/predict", "/%70redict"])
def test_http_1_0_is_not_told_to_continue(connection: Connection, known: Known, path: str) -> None:
    whole = request(known.body(), path=path, version="1.0", expect="100-continue")
    connection.send(whole[:-1])
    connection.send(whole[-1:])
    assert known.right(connection.reply())


def test_http_1_0_with_an_offer_stays_http_1_0(connection: Connection, known: Known) -> None:
    reply = connection.ask(request(known.body(), version="1.0", **OFFER))
    assert known.right(reply)
    assert reply.headers["connection"] == "close"
    assert connection.rest() == b""


def test_hosts_are_looked_at_on_every_request_of_a_connection(connection: Connection, known: Known) -> None:
    assert known.right(connection.ask(request(known.body())))
    assert known.right(connection.ask(request(known.body(1), host="other")), 1)
    assert known.right(connection.ask(request(known.body(2))), 2)
    assert connection.ask(request(known.body(), host="other\r\nhost: test")).status == 400
    assert connection.rest() == b""


@pytest.mark.parametrize("count", [490, 3000])
def test_any_number_of_pipelined_offers_are_passed_over(connection: Connection, known: Known, count: int) -> None:
    connection.send(b"".join(request(known.body(row), **OFFER) for row in range(count)))
    assert all(known.right(connection.reply(), row) for row in range(count))


def test_offers_beyond_what_may_wait_end_the_connection_in_good_order(
    served: Server, connection: Connection, known: Known
) -> None:
    connection.send(get("/healthz", **OFFER) * 490)
    replies = connection.rest()
    assert 100 <= replies.count(b"HTTP/1.1 200 OK\r\n") < 490
    assert len(re.findall(rb"HTTP/1.1 \d", replies)) == replies.count(b"HTTP/1.1 200 OK\r\n")
    assert known.right(ask(served.address, request(known.body())))
    assert not [entry for entry in served.log if "exception" in entry]


def test_what_follows_an_offer_that_closes_is_not_read(connection: Connection, known: Known) -> None:
    last = {"connection": "upgrade, close", "upgrade": "h2c"}
    connection.send(request(known.body(), **last) + request(known.body(1)))
    assert known.right(connection.reply())
    assert connection.rest() == b""


@pytest.mark.parametrize("refused", [get("/healthz", host=""), get("/healthz", host="te st")])
def test_a_refused_head_has_no_body(connection: Connection, refused: bytes) -> None:
    reply = connection.ask(refused.replace(b"GET", b"HEAD"), "HEAD")
    assert reply.status == 400
    assert connection.rest() == b""


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/metrics", "/nowhere"])
def test_a_head_is_answered_without_a_body(connection: Connection, known: Known, path: str) -> None:
    assert connection.ask(request(method="HEAD", path=path), "HEAD").status in (200, 404)
    assert known.right(connection.ask(request(known.body())))


def test_an_address_longer_than_is_read_is_told_so(connection: Connection) -> None:
    send(connection, b"GET /" + b"a" * 1_000_000, 10_000)
    reply = connection.reply()
    assert (reply.status, reply.code) == (414, "uri_too_long")
    assert connection.rest() == b""


def test_a_long_address_within_the_limit_is_only_not_found(connection: Connection, known: Known) -> None:
    assert connection.ask(get("/" + "a" * 60_000)).status == 404
    assert known.right(connection.ask(request(known.body())))
