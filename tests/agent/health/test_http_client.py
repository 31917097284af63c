"""agent/health/http_client.py"""

import socket
import threading
import time
from pathlib import Path

import pytest

from agent.health import http_client


def served(path: Path, *pieces: bytes) -> threading.Thread:
    """Answer one request on a Unix socket, piece by piece."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def answer() -> None:
        with server, server.accept()[0] as client:
            client.recv(4096)
            for piece in pieces:
                client.sendall(piece)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH", b"HTTP/1.0 \r\n\r\n", b"\0" * 40])
def test_what_is_not_http_is_refused(tmp_path: Path, answer: bytes) -> None:
    thread = served(tmp_path / "s", answer)
    with pytest.raises(ValueError, match="not HTTP"):
        http_client.docker(str(tmp_path / "s"), "/", 5)
    thread.join()


def test_an_answer_in_pieces_is_whole(tmp_path: Path) -> None:
    thread = served(tmp_path / "s", b"HTTP/1.0 20", b"0 OK\r\nA: b\r", b"\n\r\n[1", b"]")
    assert http_client.docker(str(tmp_path / "s"), "/", 5) == (200, b"[1]")
    thread.join()


def test_the_limit_is_for_the_whole_answer(tmp_path: Path) -> None:
    """A byte now and then must not keep the agent waiting for ever."""
    path, stop = tmp_path / "s", threading.Event()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def drip() -> None:
        with server, server.accept()[0] as client:
            try:
                while not stop.wait(0.02):
                    client.sendall(b"x")
            except OSError:
                return  # it hung up

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        http_client.docker(str(path), "/", 0.3)
    assert time.monotonic() - began < 60
    stop.set()
    thread.join()
