"""Listening sockets: their address, their mode, and what happens to a file that was there before."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from app.serving import sockets


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A Unix socket's path has 107 letters at most, fewer than the temporary folders of some machines.
    monkeypatch.chdir(tmp_path)
    return Path("http.sock")


@pytest.fixture
def left(path: Path) -> Path:
    """What a killed server leaves: the file of a socket on which nobody listens."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    return path


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_anyone_who_may_enter_the_folder_may_connect(path: Path) -> None:
    listener = sockets.listen_on_path(path, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    assert len(listener.sockets) == 2
    assert listener.url == "unix:http.sock"
    assert connects(path)
    listener.close()


def test_workers_share_one_queue(path: Path) -> None:
    listener = sockets.listen_on_path(path, 2)
    assert connects(path)
    listener.sockets[1].accept()[0].close()
    listener.sockets[0].setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.sockets[0].accept()
    listener.close()


def test_who_waits_still_waits_when_the_name_is_gone(path: Path) -> None:
    listener = sockets.listen_on_path(path, 1)
    workers = listener.sockets[0].dup()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"?")
        listener.close()
        assert not path.exists()
        with workers, workers.accept()[0] as peer:
            assert peer.recv(1) == b"?"


def test_what_a_killed_server_left_is_replaced(left: Path) -> None:
    assert not connects(left)
    listener = sockets.listen_on_path(left, 1)
    assert connects(left)
    listener.close()


def test_a_server_that_answers_keeps_its_socket(path: Path) -> None:
    first = sockets.listen_on_path(path, 1)
    with pytest.raises(FileExistsError, match="another server answers there"):
        sockets.listen_on_path(path, 1)
    assert connects(path)
    first.close()


def test_what_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="is not a socket"):
        sockets.listen_on_path(path, 1)
    assert path.read_text() == "precious"


def test_a_successors_socket_is_left_alone(path: Path) -> None:
    first = sockets.listen_on_path(path, 1)
    path.rename(path.with_suffix(".old"))
    second = sockets.listen_on_path(path, 1)
    first.close()
    assert connects(path)
    second.close()


def test_a_port_is_taken_once() -> None:
    listener = sockets.listen_on_port("127.0.0.1", 0, 2)
    port = int(listener.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        sockets.listen_on_port("127.0.0.1", port, 2)
    listener.close()
    sockets.listen_on_port("127.0.0.1", port, 1).close()


def test_connections_go_to_the_others_while_a_worker_s_socket_is_paused() -> None:
    listener = sockets.listen_on_port("127.0.0.1", 0, 2)
    port = int(listener.url.rpartition(":")[2])
    first, second = listener.sockets
    listener.pause(0)
    listener.pause(0)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), 10), second.accept()[0]:
            pass
    first.listen()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    listener.close()


def test_a_shared_queue_is_never_paused(path: Path) -> None:
    listener = sockets.listen_on_path(path, 2)
    listener.pause(0)
    assert connects(path)
    listener.close()
