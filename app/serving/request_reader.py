"""Reads requests from the bytes of a connection: checks their heads, within limits, and declines other protocols."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.problem import Problem
from app.serving import request_head

# The limit for a request line with its headers, for the framing of a chunk, and for trailers.
MAX_HEAD_BYTES = 64 * 1024
# No header has this value, because spaces around a value are removed.
NO_HOST = b" "


class Phase(Enum):
    """What the peer has to send next; when LEAVING, whatever it sends is ignored."""

    FIRST = auto()
    HEAD = auto()
    BODY = auto()
    NEXT = auto()
    LEAVING = auto()


class RequestReader(HttpToolsProtocol):
    """uvicorn's protocol with limits for heads; a Problem that a callback of the parser raises ends the reading."""

    def __init__(self, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.phase = Phase.FIRST
        # Since when we wait for the peer: for a head, a body, the next request, or for it to read an answer.
        self.waiting_since = self.loop.time()
        # How many bytes other than body may still come; counted from the packet after the one in which the part began.
        self.spare = MAX_HEAD_BYTES
        self._fresh = True
        # The head offers another protocol (`Upgrade`).
        self._offered = False
        # The last valid Host header: nearly all requests of a connection have the same one.
        self._host = NO_HOST
        self.fields: dict[bytes, bytes] = {}

    def read(self, data: bytes) -> None:
        """Parse `data`; raises Problem or the parser's error if it is not a request, or too large."""
        self._fresh = False
        count = self._feed(data)
        if self._offered:
            self._decline_offers(memoryview(data), count)
        if self.phase is not Phase.NEXT:
            self.check_unfinished(len(data))

    def check_unfinished(self, length: int) -> None:
        """Raise Problem if a request that is not complete has too many bytes besides its body."""
        if not self._fresh:
            self.spare -= length
            if self.spare < 0:
                code = "uri_too_long" if len(self.url) > MAX_HEAD_BYTES // 2 else "bad_request"
                raise Problem(code, f"wanted at most {MAX_HEAD_BYTES} bytes for the request line and headers")

    def _feed(self, data: bytes | memoryview) -> int:
        """Return how many bytes the parser has read: it stops after a head that offers another protocol."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return int(offer.args[0])
        return len(data)

    def _decline_offers(self, data: memoryview, count: int) -> None:
        """Stay with HTTP/1, whatever protocol the head offers.

        A parser that has stopped reads no more, so a new one reads the head without the offer, and then what follows.
        """
        while self._offered:
            head = self._head_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's constructor does
            self.parser.feed_data(head)
            data = data[count:]
            count = self._feed(data)

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join([*lines, b"\r\n"])

    def on_message_begin(self) -> None:
        if self.transport.is_closing():
            raise Problem("bad_request", "the connection is closing")
        self.url = b""
        self.headers = []
        self.expect_100_continue = self._offered = False
        self.phase = Phase.HEAD
        self.spare, self._fresh = MAX_HEAD_BYTES, True
        self.waiting_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is not Phase.HEAD:
            return  # a trailer: nothing here uses them
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.phase = Phase.BODY
        method = self.parser.get_method()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._offered = True
            return
        self.fields = dict(self.headers)
        self._check_head()
        if not self.url.startswith(b"/"):
            authority, self.url = request_head.split(self.url)
            self.headers = [(b"host", authority), *(field for field in self.headers if field[0] != b"host")]
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        self.begin(method)

    def begin(self, method: bytes) -> None:
        """Pass the request, whose head has been read, to uvicorn's class."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _check_head(self) -> None:
        fields = self.fields
        host = fields.get(b"host")
        if host == self._host and len(fields) == len(self.headers) and b"transfer-encoding" not in fields:
            return
        request_head.check(self.parser.get_http_version(), self.headers)
        self._host = NO_HOST if host is None else host

    def on_chunk_header(self) -> None:
        self.spare, self._fresh = MAX_HEAD_BYTES, True

    def on_body(self, body: bytes) -> None:
        self.spare += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._offered:
            self.phase = Phase.NEXT
            super().on_message_complete()
