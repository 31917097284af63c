"""Clients that are slow, silent or lie: all others get their answers, and the server keeps nothing of them."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Server
from tests.app.exposition import scrape
from tests.app.http_client import Connection, ask, chunked, get, request
from tests.app.known import Known
from tests.app.load import Load, eventually

pytestmark = pytest.mark.long

Start = Callable[..., Server]


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Let this process have as many open connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2500:
        pytest.skip(f"at most {hard} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def server(start: Start) -> Iterator[Server]:
    """A server that is, in the end, as it was at the start."""
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="3")
    ask(server.address, get("/healthz"))
    before = files(server)
    yield server
    eventually(lambda: files(server) <= before + 8, "the workers let go of the connections")
    eventually(lambda: scrape(server).total("predictions_in_flight") == 0, "no request is under way any more")
    assert not [entry for entry in server.log if entry["message"] == "a worker died and is replaced"]


def files(server: Server) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.workers)


def test_half_sent_requests_stop_nobody(server: Server, known: Known) -> None:
    whole = request(known.body())
    halves = [whole[:20], whole[:-1], get("/metrics") + whole[:-1], request(known.body(), path="/%70redict")[:-1]]
    connections = [Connection(server.address) for _ in range(500)]
    for i, connection in enumerate(connections):
        connection.send(halves[i % len(halves)])
    with Load(server.address, known, 2) as load:
        load.more(300)
        for path in ("/healthz", "/readyz", "/metrics", "/v2/models/california"):
            assert ask(server.address, get(path)).status == 200
    assert not load.wrong
    assert not load.broken
    for connection in connections:
        connection.rest()
        connection.close()


def test_connections_opened_and_left_stop_nobody(server: Server, known: Known) -> None:
    connections = [Connection(server.address) for _ in range(2000)]
    with Load(server.address, known, 2) as load:
        load.more(300)
    assert not load.wrong
    assert not load.broken
    assert all(connection.rest() == b"" for connection in connections)
    for connection in connections:
        connection.close()


def test_senders_of_one_byte_at_a_time_stop_nobody_and_get_their_answers(server: Server, known: Known) -> None:
    with Load(server.address, known, 2) as load:
        for _ in range(3):
            slow = [Connection(server.address) for _ in range(60)]
            whole = request(known.body(1))
            for i in range(len(whole)):
                for connection in slow:
                    connection.send(whole[i : i + 1])
            assert all(known.right(connection.reply(), 1) for connection in slow)
            for connection in slow:
                connection.close()
        load.more(100)
    assert not load.wrong
    assert not load.broken


def test_bodies_that_lie_about_their_length_stop_nobody(server: Server, known: Known) -> None:
    body = known.body()
    lies = [
        request(body, content_length="1000000"),
        request(body, content_length=str(len(body) - 3)),
        request(body, content_length=str(10**15)),
        chunked(body)[:-7],
        chunked(body).replace(b"\r\n0\r\n", b"\r\nffffff\r\n"),
        request(body, path="/invocations", content_length="0"),
    ]
    connections = [Connection(server.address) for _ in range(300)]
    with Load(server.address, known, 2) as load:
        for i, connection in enumerate(connections):
            connection.send(lies[i % len(lies)])
        load.more(300)
    assert not load.wrong
    assert not load.broken
    for connection in connections:
        assert b'"predictions"' not in connection.rest()
        connection.close()


def test_clients_that_vanish_in_the_middle_stop_nobody(server: Server, known: Known) -> None:
    whole = request(known.body(0, 200))
    with Load(server.address, known, 2) as load:
        for cut in range(0, len(whole), 97):
            with Connection(server.address) as connection:
                connection.send(whole[:cut])
        for _ in range(200):
            with Connection(server.address) as connection:
                connection.send(get("/metrics") * 3 + whole)
        load.more(100)
    assert not load.wrong
    assert not load.broken
    assert not [entry for entry in server.log if "exception" in entry]


def test_a_worker_without_files_for_more_connections_recovers(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="1")
    kept = [Connection(server.address) for _ in range(8)]
    assert all(known.right(connection.ask(request(known.body()))) for connection in kept)
    for pid in server.workers:
        limit = len(list(Path(f"/proc/{pid}/fd").iterdir())) + 10
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    many = [Connection(server.address) for _ in range(400)]
    assert all(known.right(connection.ask(request(known.body()))) for connection in kept)
    for connection in many:
        connection.close()
    with Load(server.address, known, 2) as load:
        load.more(100)
    assert not load.wrong
