"""Too much, too slow, too many: each is told so, and nothing of it stays."""

from __future__ import annotations

import select
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import Server
from tests.app.http_client import SECONDS, Connection, Reply, ask, chunked, get, request
from tests.app.known import Known

pytestmark = pytest.mark.long

Start = Callable[..., Server]
LIMIT = 8 * 1024 * 1024
MEGABYTE = b" " * 1024 * 1024


def refused(reply: Reply, status: int, code: str) -> bool:
    return (reply.status, reply.code) == (status, code) and reply.headers["connection"] == "close"


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
    before = resident(server)
    body = known.body().ljust(4_000_000)
    whole = chunked(*(body[i : i + 2] for i in range(0, len(body), 2)))
    with Connection(server.address) as connection:
        connection.send(whole[:-1])
        # A second one, so that the first's bytes have surely been read.
        assert known.right(ask(server.address, request(known.body())))
        assert resident(server) < before + 60_000_000
        assert known.right(connection.ask(whole[-1:]))


def resident(server: Server) -> int:
    """Return the bytes of memory that the only worker holds."""
    pages = Path(f"/proc/{server.workers[0]}/statm").read_text().split()[1]
    return int(pages) * 4096


def test_a_client_that_never_reads_its_predictions_is_cut_off(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="0.2", SLIPWAY_WORKERS="1")
    with Connection(server.address) as connection:
        with pytest.raises(ConnectionError):  # noqa: PT012 - whichever send it is that fails
            while True:
                connection.send(request(known.body(0, 1000)))
        assert known.right(ask(server.address, request(known.body())))
    assert resident(server) < 300_000_000


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
