"""A small HTTP client for services on this host: importing http.client would cost a third of a poll."""

import contextlib
import os
import socket
import stat
import time
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_ANSWER = 4 << 20


class Gateway(NamedTuple):
    """The gateway: its address as host:port, the name in its certificate, and the authority as a file or folder.

    Without an authority, the address is the path of a Unix socket for plain HTTP.
    """

    address: str
    name: str = ""
    ca: str = ""


def docker(path: str, url: str, limit: float) -> tuple[int, bytes]:
    """Return the status and body of an answer from Docker's Unix socket at `path`; raises OSError or ValueError."""
    return _over_socket(path, "docker", url, limit)


def connect(server: Gateway, limit: float) -> None:
    """Connect to the gateway's port, without TLS, which costs a sixth of a poll, or to its socket; raises OSError."""
    if not server.ca:
        with _connected(server.address, limit):
            return
    host, _, port = server.address.rpartition(":")
    socket.create_connection((host, int(port)), limit).close()


def gateway(server: Gateway, url: str, limit: float) -> int:
    """Return the status of an answer from the gateway; an empty `url` only makes a TLS handshake, and returns 0."""
    if not server.ca:
        return _over_socket(server.address, server.name or "localhost", url, limit)[0]
    import ssl

    deadline = time.monotonic() + limit
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # OpenSSL looks up certificates in a folder by their hash and reads no others.
    folder = stat.S_ISDIR(os.stat(server.ca).st_mode)
    context.load_verify_locations(None if folder else server.ca, server.ca if folder else None)
    host, _, port = server.address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), limit) as plain,
        context.wrap_socket(plain, server_hostname=server.name) as secure,
    ):
        return _get(secure, server.name, url, deadline)[0] if url else 0


def _over_socket(path: str, host: str, url: str, limit: float) -> tuple[int, bytes]:
    deadline = time.monotonic() + limit
    with _connected(path, limit) as plain:
        return _get(plain, host, url, deadline)


@contextlib.contextmanager
def _connected(path: str, limit: float) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(limit)
        plain.connect(path)
        yield plain


def _get(connection: socket.socket, host: str, url: str, deadline: float) -> tuple[int, bytes]:
    # With HTTP 1.0 the answer is not chunked and ends with the connection.
    connection.sendall(f"GET {url} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while len(answer) < LONGEST_ANSWER:
        # The limit is for the whole answer, not for each piece of it.
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        piece = connection.recv(1 << 16)
        if not piece:
            break
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("its answer is not HTTP")
    return int(words[1]), body
