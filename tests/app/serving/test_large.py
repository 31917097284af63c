"""Large requests: nobody waits for them, they wait for their own turn, and they are few at a time."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from app.prediction.predictions import CSV, LARGE, Answer, Asked, Route
from app.serving import worker
from tests.app.conftest import Server, predictions_of
from tests.app.encodings import ENCODINGS
from tests.app.http_client import SECONDS, Address, Connection, ask, chunked, get, request
from tests.app.known import Known

ROWS = 5000


class Held:
    """A server in this process that keeps large requests until it is told to let them go."""

    def __init__(self, bundle: Path, **settings: int) -> None:
        predictions = predictions_of(("california", "7", bundle), **settings)
        self._answer = predictions.answer
        self.begun, self.go_on = threading.Event(), threading.Event()
        predictions.answer = self._held  # type: ignore[method-assign]
        sock = socket.create_server(("127.0.0.1", 0))
        self.address: Address = sock.getsockname()
        self._server = uvicorn.Server(worker._config(predictions.settings, predictions))
        self._thread = threading.Thread(target=self._server.run, args=([sock],))
        self._thread.start()

    def _held(self, route: Route, asked: Asked, body: bytes) -> Answer:
        if len(body) > LARGE:
            self.begun.set()
            self.go_on.wait(SECONDS / 3)
        return self._answer(route, asked, body)

    def stop(self) -> None:
        self.go_on.set()
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def held(bundle: Path) -> Iterator[Held]:
    server = Held(bundle, max_buffered_bytes=3_000_000)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def large(known: Known) -> bytes:
    body = known.body(0, ROWS)
    assert len(body) > LARGE
    return body


@pytest.mark.parametrize("chunks", [False, True])
def test_others_are_answered_while_a_large_request_is(held: Held, known: Known, large: bytes, chunks: bool) -> None:
    with Connection(held.address) as first, Connection(held.address) as second:
        first.send(chunked(large[:1000], large[1000:]) if chunks else request(large))
        assert held.begun.wait(SECONDS)
        assert known.right(second.ask(request(known.body(1))), 1)
        assert second.ask(get("/healthz")).json == {"status": "ok"}
        assert first.quiet()
        held.go_on.set()
        assert known.right(first.reply(), 0, ROWS)


def test_what_is_behind_a_large_request_on_its_connection_waits_for_its_turn(
    held: Held, known: Known, large: bytes
) -> None:
    with Connection(held.address) as connection:
        connection.send(request(large) + request(known.body(1)) + get("/healthz") + request(large))
        connection.send(request(known.body(2)))
        assert held.begun.wait(SECONDS)
        assert connection.quiet()
        held.go_on.set()
        assert known.right(connection.reply(), 0, ROWS)
        assert known.right(connection.reply(), 1)
        assert connection.reply().json == {"status": "ok"}
        assert known.right(connection.reply(), 0, ROWS)
        assert known.right(connection.reply(), 2)


def test_large_requests_that_wait_share_a_bounded_room(held: Held, known: Known, large: bytes) -> None:
    padded = request(large.ljust(1_200_000))
    with Connection(held.address) as first, Connection(held.address) as second, Connection(held.address) as third:
        first.send(padded)
        assert held.begun.wait(SECONDS)
        second.send(padded)
        third.send(padded)
        replies = {connection: connection.reply() for connection in held_back(second, third)}
        assert [(reply.status, reply.code) for reply in replies.values()] == [(429, "too_many_requests")]
        held.go_on.set()
        for connection in {first, second, third} - set(replies):
            assert known.right(connection.reply(), 0, ROWS)


def held_back(*connections: Connection) -> list[Connection]:
    """Return the connections on which something has come; waits until it has on one."""
    ready = select.select([connection.socket for connection in connections], [], [], SECONDS)[0]
    return [connection for connection in connections if connection.socket in ready]


@pytest.mark.parametrize("name", ["csv", "dataframe_records", "rows", "columns", "v2 nested", "v2 matrix"])
def test_large_requests_of_each_format_are_answered(served: Server, known: Known, name: str) -> None:
    shape = ENCODINGS[name]
    body = shape.write(known.features(0, ROWS), known.columns)
    reply = ask(served.address, request(body, path=shape.path, content_type=shape.content_type))
    document = reply.json
    values = document["outputs"][0]["data"] if "outputs" in document else document["predictions"]
    assert known.close(values, 0, ROWS)
    assert shape.content_type != CSV or len(body) > LARGE
