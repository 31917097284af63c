"""Ask servers on this host over HTTP. A socket and a few lines: importing http.client costs a third of a poll."""

import os
import socket
import stat
import time
from typing import NamedTuple

LONGEST_ANSWER = 4 << 20


class Door(NamedTuple):
    """Where the gateway answers: `address` is host:port, `name` is in its certificate, `ca` is a file or folder."""

    address: str
    name: str
    ca: str


def docker(path: str, url: str, limit: float) -> tuple[int, bytes]:
    """Return the status and the body that the Unix socket at `path` answers; raises OSError or ValueError."""
    deadline = time.monotonic() + limit
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(limit)
        plain.connect(path)
        return _get(plain, "docker", url, deadline)


def gateway(door: Door, url: str, limit: float) -> int:
    """Return the status that the gateway answers, 0 after the handshake alone for an empty `url`; raises as above."""
    import ssl

    deadline = time.monotonic() + limit
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Certificates in a folder are looked up by their hash: nothing else of the folder is read.
    folder = stat.S_ISDIR(os.stat(door.ca).st_mode)
    context.load_verify_locations(None if folder else door.ca, door.ca if folder else None)
    host, _, port = door.address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), limit) as plain,
        context.wrap_socket(plain, server_hostname=door.name) as secure,
    ):
        return _get(secure, door.name, url, deadline)[0] if url else 0


def _get(server: socket.socket, host: str, url: str, deadline: float) -> tuple[int, bytes]:
    # Version 1.0: the answer ends where the connection ends, and comes in no chunks.
    server.sendall(f"GET {url} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while len(answer) < LONGEST_ANSWER:
        # The limit is for the whole answer, not for each piece of it.
        server.settimeout(max(0.001, deadline - time.monotonic()))
        piece = server.recv(1 << 16)
        if not piece:
            break
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("its answer is not HTTP")
    return int(words[1]), body
