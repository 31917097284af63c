"""One connection: what its peer owes and by when, how much may wait, and how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
import termios
from collections.abc import Sized
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl

from app.problem import Problem
from app.serving.asgi import BROKEN
from app.serving.request_reader import Phase, RequestReader
from app.serving.service import Service

log = logging.getLogger("slipway")

# Longer than gateways keep an idle connection (Caddy 120 s): it is theirs to close, lest a request meet a closing one.
KEEP_ALIVE_SECONDS = 180.0
# When the server ends: what a client has to send something on a connection that it has just made.
FIRST_BYTE_SECONDS = 1.0
# Of one connection, to be answered by uvicorn's class in turn.
MAX_PIPELINED = 100
RESET = struct.pack("ii", 1, 0)


class Flow(FlowControl):
    """Reads on only when nothing is left to do: no request waits for its turn, no answer to be read."""

    def __init__(self, transport: asyncio.Transport, queue: Sized) -> None:
        super().__init__(transport)
        self._queue = queue

    def resume_reading(self) -> None:
        if not self._queue and not self.write_paused:
            super().resume_reading()


class Connection(RequestReader):
    """A connection with limits; a Problem raised while it reads is its last answer."""

    def __init__(self, service: Service, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.admission = service.admission
        self.closing = False
        self._receive_seconds = service.settings.body_timeout_seconds

    def write_last(self, problem: Problem, within_head: bool) -> None:
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
        try:
            self.read(data)
        except httptools.HttpParserError as error:
            self._drop(_problem(error))
        except Problem as problem:
            self._drop(problem)
        self.admission.report()

    def begin(self, method: bytes) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            raise Problem("too_many_requests", f"wanted at most {MAX_PIPELINED} requests at once on one connection")
        super().begin(method)
        if self.closing:
            self.cycle.keep_alive = False

    def _drop(self, problem: Problem) -> None:
        if self.transport.is_closing() or self.phase is Phase.LEAVING:
            return
        within_head = self.phase is Phase.HEAD
        self.phase, self.owing_since = Phase.LEAVING, self.loop.time()
        if self.busy():
            self._end_after_cycle(problem)
        else:
            self.write_last(problem, within_head)
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
        self.owing_since = self.loop.time()

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
        limit = self._receive_seconds
        if self.phase is Phase.NEXT and not self.flow.write_paused:
            limit = float("inf") if self.busy() else KEEP_ALIVE_SECONDS
        if now - self.owing_since < limit:
            return
        within_body = self.phase is Phase.BODY and self.awaits_body()
        if not self.flow.write_paused and (within_body or self.phase is Phase.HEAD):
            part = "body was" if within_body else "headers were"
            self._drop(Problem("request_timeout", f"the {part} not whole within {limit:g} s"))
            self.admission.report()
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
