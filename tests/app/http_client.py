"""HTTP by hand: requests that a library would not send, and answers read to the byte."""

from __future__ import annotations

import select
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

SECONDS = 60.0
# Host and port, or a Unix socket's path.
Address = tuple[str, int] | str


class Reply(NamedTuple):
    """One response; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class Closed(Exception):
    """The server closed the connection before a whole response; holds what came of it."""


class Connection:
    """One connection, on which each step is the test's own."""

    def __init__(self, address: Address, timeout: float = SECONDS) -> None:
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
        self._left = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self, method: str = "POST") -> Reply:
        """Return the next response, an interim one too; raises Closed where there is none."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        assert len(headers) == len(head) - 3, f"a header twice: {head}"
        status = int(head[0].split(" ")[1])
        return Reply(status, headers, self._body(status, headers, method))

    def ask(self, data: bytes, method: str = "POST") -> Reply:
        self.send(data)
        return self.reply(method)

    def rest(self) -> bytes:
        """Return all that comes until the server closes; a reset counts as closing."""
        try:
            while data := self.socket.recv(65536):
                self._left += data
        except ConnectionError:
            pass
        return self._left

    def quiet(self) -> bool:
        """Return whether nothing waits to be read, neither data nor the end."""
        return not self._left and not select.select([self.socket], [], [], 0)[0]

    def _body(self, status: int, headers: Mapping[str, str], method: str) -> bytes:
        if method == "HEAD" or status < 200 or status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while length := int(self._until(b"\r\n"), 16):
                body += self._exactly(length + 2)[:-2]
            self._until(b"\r\n")
            return body
        return self._exactly(int(headers["content-length"]))

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._left:
            self._more()
        end = self._left.index(mark) + len(mark)
        found, self._left = self._left[:end], self._left[end:]
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._left) < length:
            self._more()
        found, self._left = self._left[:length], self._left[length:]
        return found

    def _more(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise Closed(self._left) from error
        if not data:
            raise Closed(self._left)
        self._left += data


def request(
    body: bytes = b"", path: str = "/predict", method: str = "POST", version: str = "1.1", **headers: str
) -> bytes:
    """Return a request; `content_length=""` leaves that header out, as any header that is given empty."""
    sent = {"host": "test", "content_length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in sent.items() if value]
    return f"{method} {path} HTTP/{version}\r\n{''.join(lines)}\r\n".encode("latin-1") + body


def get(path: str, **headers: str) -> bytes:
    return request(b"", path, "GET", **{"content_length": "", **headers})


def chunked(*chunks: bytes, path: str = "/predict", **headers: str) -> bytes:
    """Return a request whose body comes in these chunks."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    head = request(b"", path, content_length="", transfer_encoding="chunked", **headers)
    return head + body


def ask(address: Address, data: bytes, method: str = "POST") -> Reply:
    """Return the answer to `data` on a connection of its own."""
    with Connection(address) as connection:
        return connection.ask(data, method)


def refused(reply: Reply, status: int, code: str) -> bool:
    """Return whether `reply` is this error and the connection's last answer."""
    return (reply.status, reply.code) == (status, code) and reply.headers["connection"] == "close"
