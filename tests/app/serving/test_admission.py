"""Bodies that are too large, and requests that are too many: each is refused, and nothing of it stays."""

from __future__ import annotations

import select
from collections.abc import Callable

import pytest

from tests.app.conftest import Server
from tests.app.http_client import Connection, ask, chunked, get, refused, request
from tests.app.known import Known

pytestmark = pytest.mark.long

Start = Callable[..., Server]
LIMIT = 8 * 1024 * 1024
MEGABYTE = b" " * 1024 * 1024


def test_a_body_that_says_it_is_too_large_is_refused_and_the_refusal_read_by_who_goes_on_sending(
    served: Server,
) -> None:
    with Connection(served.address) as connection:
        connection.send(request(content_length=str(LIMIT + 1)))
        for _ in range(8):
            connection.send(MEGABYTE)
        assert refused(connection.reply(), 413, "body_too_large")
        assert connection.rest() == b""


def test_a_body_in_chunks_that_grows_too_large_is_refused(served: Server) -> None:
    with Connection(served.address) as connection:
        connection.send(chunked(*[MEGABYTE] * 16))
        assert refused(connection.reply(), 413, "body_too_large")
        assert connection.rest() == b""


@pytest.mark.parametrize("behind", [get("/metrics"), b""], ids=["behind another", "spelled otherwise"])
def test_a_body_too_large_is_refused_wherever_it_stands(served: Server, known: Known, behind: bytes) -> None:
    path = "/predict" if behind else "/%70redict"
    with Connection(served.address) as connection:
        connection.send(behind + request(b" " * (LIMIT + 1), path=path) + request(known.body()))
        if behind:
            assert connection.reply().status == 200
        reply = connection.reply()
        assert (reply.status, reply.code) == (413, "body_too_large")


def test_a_body_of_just_the_limit_is_read(served: Server, known: Known) -> None:
    assert known.right(ask(served.address, request(known.body().ljust(LIMIT))))
    assert known.right(ask(served.address, chunked(known.body(), *[MEGABYTE] * 7)))


def test_what_waits_beyond_the_limit_is_refused_and_what_comes_whole_is_not(start: Start, known: Known) -> None:
    server = start(SLIPWAY_MAX_IN_FLIGHT="2", SLIPWAY_WORKERS="1")
    whole = request(known.body())
    waiting = [Connection(server.address) for _ in range(2)]
    for connection in waiting:
        assert connection.ask(request(known.body(), expect="100-continue")[: -len(known.body())]).status == 100
    for path in ("/predict", "/%70redict"):
        with Connection(server.address) as late:
            late.send(request(known.body(), path=path)[:-1])
            reply = late.reply()
            assert (reply.status, reply.code) == (429, "too_many_requests")
            assert reply.headers["retry-after"] == "1"
        assert known.right(ask(server.address, request(known.body(), path=path)))
    for connection in waiting:
        assert known.right(connection.ask(known.body()))
        connection.send(whole[:-1])
    with Connection(server.address) as late:
        assert refused(late.ask(whole[:-1]), 429, "too_many_requests")


def test_large_bodies_share_a_bounded_room_and_small_ones_need_none(start: Start, known: Known) -> None:
    server = start(SLIPWAY_MAX_BUFFERED_BYTES="1000000", SLIPWAY_WORKERS="1")
    large = request(known.body().ljust(600_000))
    with Connection(server.address) as first, Connection(server.address) as second:
        for connection in (first, second):
            connection.send(large[:-1])
        # Which of the two goes beyond the room depends on the packets.
        ((unlucky,), _, _) = select.select([first.socket, second.socket], [], [])
        turned_away, kept = (first, second) if unlucky is first.socket else (second, first)
        assert refused(turned_away.reply(), 429, "too_many_requests")
        with Connection(server.address) as small:
            small.send(request(known.body())[:-1])
            assert known.right(small.ask(request(known.body())[-1:]))
        assert known.right(kept.ask(large[-1:]))
    assert known.right(ask(server.address, large))


def test_bodies_in_tiny_pieces_weigh_no_more_than_their_bytes(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="1")
    before = server.resident
    body = known.body().ljust(4_000_000)
    whole = chunked(*(body[i : i + 2] for i in range(0, len(body), 2)))
    with Connection(server.address) as connection:
        connection.send(whole[:-1])
        # A second one, so that the first's bytes have surely been read.
        assert known.right(ask(server.address, request(known.body())))
        assert server.resident < before + 60_000_000
        assert known.right(connection.ask(whole[-1:]))
