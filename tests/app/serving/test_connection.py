"""A connection whose peer is slow, silent, or does not read: each has its limit, and nothing of it stays."""

from __future__ import annotations

import select
from collections.abc import Callable

import pytest

from tests.app.conftest import Server
from tests.app.http_client import SECONDS, Connection, ask, get, refused, request
from tests.app.known import Known

pytestmark = pytest.mark.long

Start = Callable[..., Server]
LIMIT = 8 * 1024 * 1024
MEGABYTE = b" " * 1024 * 1024


def test_a_half_sent_request_is_given_up(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2")
    whole = request(known.body())
    halves = {
        "headers": whole[:40],
        "body": whole[:-1],
        "the body": get("/metrics") + whole[:-1],
        "a body": request(known.body(), path="/%70redict")[:-1],
    }
    connections = {name: Connection(server.address) for name in halves}
    for name, half in halves.items():
        connections[name].send(half)
    assert connections["the body"].reply().status == 200
    for connection in connections.values():
        assert refused(connection.reply(), 408, "request_timeout")
        assert connection.rest() == b""


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(start: Start) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2")
    with Connection(server.address) as silent, Connection(server.address) as blank:
        blank.send(b"\r\n\r\n")
        assert silent.rest() == blank.rest() == b""


def test_a_body_nobody_reads_is_given_up_too(start: Start) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2")
    with Connection(server.address) as connection:
        connection.send(request(path="/healthz", content_length="1000000"))
        assert connection.reply().status == 405
        assert connection.rest() == b""


def test_who_goes_on_after_a_refusal_is_cut_off(start: Start) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2")
    with Connection(server.address) as connection:
        connection.send(request(content_length=str(10**12)))
        assert refused(connection.reply(), 413, "body_too_large")
        with pytest.raises(ConnectionError):  # noqa: PT012 - whichever send it is that fails
            while True:
                connection.send(MEGABYTE)
    assert sum(entry.get("code") == "request_timeout" for entry in server.log) == 0


def test_an_idle_connection_outlives_the_limit_of_a_request(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2", SLIPWAY_WORKERS="1")
    with Connection(server.address) as idle, Connection(server.address) as other:
        assert known.right(idle.ask(request(known.body())))
        assert idle.ask(get("/healthz")).status == 200
        other.send(b"POST /predict")
        assert refused(other.reply(), 408, "request_timeout")
        assert idle.quiet()
        assert known.right(idle.ask(request(known.body(1))), 1)


def test_a_client_that_never_reads_its_predictions_is_cut_off(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2", SLIPWAY_WORKERS="1")
    with Connection(server.address) as connection:
        with pytest.raises(ConnectionError):  # noqa: PT012 - whichever send it is that fails
            while True:
                connection.send(request(known.body(0, 1000)))
        assert known.right(ask(server.address, request(known.body())))
    assert server.resident < 300_000_000


def test_a_client_that_never_reads_its_pages_is_cut_off(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2", SLIPWAY_WORKERS="1")
    with Connection(server.address) as connection:
        watch = select.poll()
        watch.register(connection.socket, 0)
        connection.send(get("/openapi.json") * 90)
        assert watch.poll(SECONDS * 1000)
        assert known.right(ask(server.address, request(known.body())))
        assert ask(server.address, get("/healthz")).status == 200


def test_more_requests_at_once_than_one_connection_may_have_waiting_end_it(served: Server, known: Known) -> None:
    with Connection(served.address) as connection:
        connection.send(get("/healthz") * 300)
        replies = [connection.reply()]
        while "connection" not in replies[-1].headers:
            replies.append(connection.reply())
        assert 100 <= len(replies) < 300
        assert {reply.status for reply in replies} == {200}
        assert connection.rest() == b""
    assert known.right(ask(served.address, request(known.body())))
