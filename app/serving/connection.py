"""One connection and its peer's duties: what has to come, how much of it, by when, and how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
import termios
from collections.abc import Sized
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.problem import Problem
from app.serving import request_head
from app.serving.admission import Traffic
from app.serving.asgi import BROKEN

log = logging.getLogger("slipway")

# Of a request line and headers, of one chunk's framing, of trailers.
MAX_HEAD_BYTES = 64 * 1024
# Longer than gateways keep an idle connection (Caddy 120 s): it is theirs to close, lest a request meet a closing one.
KEEP_ALIVE_SECONDS = 180.0
# When the server ends: what a client has to send something on a connection that it has just made.
FIRST_BYTE_SECONDS = 1.0
# Of one connection, to be answered by uvicorn's class in turn.
MAX_PIPELINED = 100
RESET = struct.pack("ii", 1, 0)
# No header's value: values come without the spaces around them.
NO_HOST = b" "


class Phase(Enum):
    """What the peer is to send next; when LEAVING, nothing that counts."""

    FIRST = auto()
    HEAD = auto()
    BODY = auto()
    NEXT = auto()
    LEAVING = auto()


class Flow(FlowControl):
    """Reads on only when nothing is left to do: no request waits for its turn, no answer to be read."""

    def __init__(self, transport: asyncio.Transport, queue: Sized) -> None:
        super().__init__(transport)
        self._queue = queue

    def resume_reading(self) -> None:
        if not self._queue and not self.write_paused:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits; a Problem raised by a parser's callback is the connection's last answer."""

    def __init__(self, traffic: Traffic, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.traffic = traffic
        self.phase = Phase.FIRST
        self.closing = False
        # Since when the peer owes us something: a head, a body, the next request, or to read what we wrote.
        self._since = self.loop.time()
        # What may still come that is no body; counted from the packet after the one that something new began in.
        self.spare = MAX_HEAD_BYTES
        self._fresh = True
        self._offered = False
        # The Host header that has been found to be valid; nearly all requests of a connection have the same.
        self._host = NO_HOST
        self.fields: dict[bytes, bytes] = {}

    def say_last(self, problem: Problem, within_head: bool) -> None:
        """Write the answer to what is not, or not yet, a request."""
        raise NotImplementedError

    def awaits_body(self) -> bool:
        """Return whether the body that is coming is of any use."""
        return self.busy()

    def busy(self) -> bool:
        """Return whether the newest of the requests that were handed over still waits for its answer."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.LEAVING:
            return
        self._unset_keepalive_if_required()
        self._fresh = False
        try:
            read = self._feed(data)
            if self._offered:
                self._decline(memoryview(data), read)
            if self.phase is not Phase.NEXT:
                self.check_unfinished(len(data))
        except httptools.HttpParserError as error:
            self._drop(_problem(error))
        except Problem as problem:
            self._drop(problem)
        self.traffic.show()

    def check_unfinished(self, length: int) -> None:
        """Raise Problem if a request that is not whole yet has too much beside its body."""
        if not self._fresh:
            self.spare -= length
            if self.spare < 0:
                code = "uri_too_long" if len(self.url) > MAX_HEAD_BYTES // 2 else "bad_request"
                raise Problem(code, f"wanted at most {MAX_HEAD_BYTES} bytes of request line and headers")

    def _feed(self, data: bytes | memoryview) -> int:
        """Return how much the parser has read: it stops behind a head that offers another protocol."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return int(offer.args[0])
        return len(data)

    def _decline(self, data: memoryview, read: int) -> None:
        """Keep to the protocol that is spoken.

        A parser that has stopped takes nothing more, so a new one reads the head without the offer, then what follows.
        """
        while self._offered:
            plain = self._head_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's constructor does
            self.parser.feed_data(plain)
            data = data[read:]
            read = self._feed(data)

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
        self._since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is not Phase.HEAD:
            return  # a trailer, for which there is no use
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

    def _check_head(self) -> None:
        fields = self.fields
        host = fields.get(b"host")
        if host == self._host and len(fields) == len(self.headers) and b"transfer-encoding" not in fields:
            return
        request_head.check(self.parser.get_http_version(), self.headers)
        self._host = NO_HOST if host is None else host

    def begin(self, method: bytes) -> None:
        """Let uvicorn's class have the request from its beginning."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        if len(self.pipeline) >= MAX_PIPELINED:
            raise Problem("too_many_requests", f"wanted at most {MAX_PIPELINED} requests at once on one connection")
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()
        if self.closing:
            self.cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        self.spare, self._fresh = MAX_HEAD_BYTES, True

    def on_body(self, body: bytes) -> None:
        self.spare += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._offered:
            self.phase = Phase.NEXT
            super().on_message_complete()

    def _drop(self, problem: Problem) -> None:
        if self.transport.is_closing() or self.phase is Phase.LEAVING:
            return
        within_head = self.phase is Phase.HEAD
        self.phase, self._since = Phase.LEAVING, self.loop.time()
        if self.busy():
            self._end_after_cycle(problem)
        else:
            self.say_last(problem, within_head)
            # Half-closed: closed with something of the peer's unread, TCP would take the answer back.
            self.transport.write_eof()

    def _end_after_cycle(self, problem: Problem) -> None:
        """Make the answer under way the last; if this was its body, it will not be whole. What comes now is dropped."""
        self.cycle.keep_alive = False
        if self.cycle.more_body:
            self.cycle.scope["state"][BROKEN] = problem
            self.cycle.more_body = False
            self.cycle.message_event.set()
        FlowControl.resume_reading(self.flow)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's never keeps it open, asyncio's may
        """Answer what was asked before the client said its last; return whether that is still to do."""
        if self.phase in (Phase.HEAD, Phase.BODY):
            self._drop(Problem("bad_request", "the request ended early"))
        if self.busy():
            self.cycle.keep_alive = False
            return True
        return False

    def pause_writing(self) -> None:
        """Read no more from a peer that does not read what it asked for."""
        super().pause_writing()
        self.flow.pause_reading()
        self._since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Let a request that is still being received finish; its answer is the connection's last.

        So is one that lies unread in the kernel, or that a client which has just connected is about to send.
        """
        if self.phase in (Phase.HEAD, Phase.BODY) and not self.busy():
            self.closing = True
        elif self.phase is Phase.FIRST or (self.phase is Phase.NEXT and not self.busy() and self._unread()):
            self.closing = True
            self.loop.call_later(FIRST_BYTE_SECONDS, self._leave, self.phase)
        else:
            super().shutdown()

    def _unread(self) -> bool:
        """Return whether the kernel has something of the peer's that we have not seen."""
        fd = self.transport.get_extra_info("socket").fileno()
        return fcntl.ioctl(fd, termios.FIONREAD, bytes(4)) != bytes(4)

    def _leave(self, phase: Phase) -> None:
        """Close the connection if nothing came of it since."""
        if self.phase is phase and not self.busy():
            self.transport.close()

    def sweep(self, now: float) -> None:
        """Close the connection if its peer has been owing something for too long."""
        limit = self.traffic.settings.body_timeout_seconds
        if self.phase is Phase.NEXT and not self.flow.write_paused:
            limit = float("inf") if self.busy() else KEEP_ALIVE_SECONDS
        if now - self._since < limit:
            return
        within_body = self.phase is Phase.BODY and self.awaits_body()
        if not self.flow.write_paused and (within_body or self.phase is Phase.HEAD):
            part = "body was" if within_body else "headers were"
            self._drop(Problem("request_timeout", f"the {part} not whole within {limit:g} s"))
            self.traffic.show()
            return
        if self.flow.write_paused:
            # Merely closed, the kernel would keep for minutes what the peer does not read.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()


def _problem(error: httptools.HttpParserError) -> Problem:
    """Return what was wrong; an error of our own making, which the parser wraps as well, goes to the log."""
    cause = error.__context__
    if isinstance(cause, Problem):
        return cause
    if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(cause, httptools.HttpParserError):
        log.error("a connection failed", exc_info=cause)
        return Problem("internal", "the request failed")
    return Problem("bad_request", "not HTTP/1.1")
