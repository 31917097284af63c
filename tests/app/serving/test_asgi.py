"""The careful path: predictions that leave the fast path, and large ones, which delay no one else."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from app.metrics import FAST_PATH_EXITS
from app.prediction.predictions import Answer, Route
from app.prediction.request_info import CSV, RequestInfo
from app.serving import worker
from app.serving.asgi import LARGE_BYTES
from tests.app.asgi_client import AsgiClient
from tests.app.conftest import Server, predictions_of
from tests.app.encodings import ENCODINGS
from tests.app.exposition import scrape
from tests.app.http_client import SECONDS, Address, Connection, ask, chunked, get, request
from tests.app.known import Known
from tests.app.prediction.test_rules import ROW

ROWS = 5000
GOOD = b'{"features": [[1, 2, 3, 4, 5, 6, 7, 8]]}'
EXITS = "prediction_fast_path_exits_total"


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

    def _held(self, route: Route, request: RequestInfo, body: bytes) -> Answer:
        if len(body) > LARGE_BYTES:
            self.begun.set()
            self.go_on.wait(SECONDS / 3)
        return self._answer(route, request, body)

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
    assert len(body) > LARGE_BYTES
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
    assert shape.content_type != CSV or len(body) > LARGE_BYTES


def test_predictions_are_answered_without_the_fast_path_too(client: AsgiClient) -> None:
    for path in ("/predict", "/predict/california"):
        answer = client.post(path, {"features": [ROW]})
        assert (answer.status, answer.json["model"], answer.json["version"]) == (200, "california", "7")


def test_a_body_over_the_limit_is_refused(bundle: Path) -> None:
    client = AsgiClient(predictions_of(("california", "7", bundle), max_body_bytes=100))
    answer = client.post("/predict", {"features": [ROW] * 10})
    assert (answer.status, answer.json["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/predict", {"error"}),
        ("/invocations", {"error_code", "message"}),
        ("/v2/models/california/infer", {"error"}),
    ],
)
def test_another_method_is_refused_in_the_path_s_own_format(client: AsgiClient, path: str, keys: set[str]) -> None:
    answer = client.get(path)
    assert (answer.status, answer.headers["allow"], set(answer.json)) == (405, "OPTIONS, POST", keys)


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("path_spelling", request(GOOD, path="//predict")),
        ("path_spelling", request(GOOD, path="/%70redict")),
        ("pipelined", get("/metrics") + request(GOOD)),
        ("large_body", request(GOOD.ljust(LARGE_BYTES + 1))),
    ],
)
def test_a_prediction_that_leaves_the_fast_path_is_counted_by_its_reason(
    served: Server, reason: str, sent: bytes
) -> None:
    before = scrape(served)
    with Connection(served.address) as connection:
        connection.send(sent)
        replies = [connection.reply() for _ in range(sent.count(b"HTTP/1.1"))]
    assert [reply.status for reply in replies] == [200] * len(replies)
    after = scrape(served)
    left = {label: after.total(EXITS, reason=label) - before.total(EXITS, reason=label) for label in FAST_PATH_EXITS}
    assert {label: count for label, count in left.items() if count} == {reason: 1}


def test_what_is_no_prediction_leaves_no_fast_path(served: Server, known: Known) -> None:
    before = scrape(served)
    with Connection(served.address) as connection:
        connection.send(get("/metrics") + get("/healthz") + get("/predict"))
        assert [connection.reply().status for _ in range(3)] == [200, 200, 405]
        assert known.right(connection.ask(request(known.body())))
    assert scrape(served).total(EXITS) == before.total(EXITS)
