"""The server on a Unix socket: it has the same answers, limits and drain as on a port."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import Server
from tests.app.http_client import Connection, ask, get, request
from tests.app.known import Known
from tests.app.load import Load, eventually
from tests.app.test_main import run, sentence

pytestmark = pytest.mark.long

Start = Callable[..., Server]


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "http.sock"


def test_it_answers_all_that_it_answers_on_a_port(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path), SLIPWAY_MAX_BODY_BYTES="10000")
    assert server.address == str(path)
    with Connection(server.address) as connection:
        assert known.right(connection.ask(request(known.body(3, 9))), 3, 9)
        for page in ("/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/docs"):
            assert connection.ask(get(page), "GET").status == 200
    assert ask(server.address, request(b" " * 10001)).status == 413
    assert server.stop() == 0
    assert not path.exists()


def test_who_waits_when_the_drain_begins_is_answered(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path), SLIPWAY_DRAIN_SECONDS="30")
    workers = server.workers
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    waiting = [Connection(server.address) for _ in range(40)]
    for row, connection in enumerate(waiting[:20]):
        connection.send(request(known.body(row)))
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: not path.exists(), "nobody else can connect")
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    # The second half connected before the end began, and asks only now.
    for row, connection in enumerate(waiting[20:], start=20):
        connection.send(request(known.body(row)))
    for row, connection in enumerate(waiting):
        assert known.right(connection.reply(), row)
    assert server.process.wait(30) == 0


def test_a_drain_under_load_breaks_no_request(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path), SLIPWAY_DRAIN_SECONDS="30")
    with Load(server.address, known, 8) as load:
        load.more(500)
        assert server.stop() == 0
    assert not load.wrong


def test_a_worker_that_is_busy_holds_up_nobody(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path))
    for busy in server.workers:
        os.kill(busy, signal.SIGSTOP)
        assert all(known.right(ask(server.address, request(known.body(row))), row) for row in range(20))
        os.kill(busy, signal.SIGCONT)


def test_a_killed_worker_costs_its_connections_and_no_more(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path))
    with Load(server.address, known, 8) as load:
        load.more(200)
        os.kill(server.workers[0], signal.SIGKILL)
        server.wait_for("a worker died and is replaced")
        load.more(200)
        assert load.broken <= 8
    assert not load.wrong


def nobody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED


def test_after_a_kill_it_starts_again_on_what_was_left(start: Start, known: Known, path: Path) -> None:
    killed = start(SLIPWAY_SOCKET=str(path))
    killed.process.kill()
    killed.process.wait()
    eventually(lambda: nobody_listens(path), "its workers are gone")
    assert path.exists()
    assert known.right(ask(start(SLIPWAY_SOCKET=str(path)).address, request(known.body())))


def test_a_second_server_is_refused_in_one_sentence(start: Start, known: Known, bundle: Path, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path))
    message = sentence(run(SLIPWAY_MODELS=f"california@7={bundle}", SLIPWAY_SOCKET=str(path)))
    assert "another server answers there" in message
    assert "SLIPWAY_SOCKET" in message
    assert known.right(ask(server.address, request(known.body())))


@pytest.mark.parametrize(
    ("place", "wanted"), [("/nowhere/http.sock", "No such file"), ("/etc", "not a socket"), ("x" * 200, "too long")]
)
def test_a_place_that_cannot_be_is_named(bundle: Path, place: str, wanted: str) -> None:
    message = sentence(run(SLIPWAY_MODELS=f"california@7={bundle}", SLIPWAY_SOCKET=place))
    assert wanted in message
    assert place in message
