"""One connection: how long it waits for its peer, how many requests may wait, and how it ends."""

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

# The gateway has to close an idle connection first: otherwise a request could reach one that is being closed. HAProxy
# closes within a minute what its pool does not need; its `timeout http-keep-alive` is about clients only.
KEEP_ALIVE_SECONDS = 180.0
# When the server stops: how long a client that has just connected has to send its first byte.
FIRST_BYTE_SECONDS = 1.0
# Requests of one connection that wait for uvicorn's class to answer them in turn.
MAX_PIPELINED = 100
RESET = struct.pack("ii", 1, 0)


class Flow(FlowControl):
    """Resumes reading only if no request waits for its turn and no answer waits to be read by the peer."""

    def __init__(self, transport: asyncio.Transport, queue: Sized) -> None:
        super().__init__(transport)
        self._queue = queue

    def resume_reading(self) -> None:
        if not self._queue and not self.write_paused:
            super().resume_reading()


class Connection(RequestReader):
    """A connection with limits; a Problem while it reads becomes its last answer."""

    def __init__(self, service: Service, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.admission = service.admission
        self.closing = False
        self._receive_seconds = service.settings.body_timeout_seconds

    def write_last(self, problem: Problem, within_head: bool) -> None:
        """Write the problem as the answer to a request that could not be read completely."""
        raise NotImplementedError

    def awaits_body(self) -> bool:
        """Return whether anything still needs the body that is being received."""
        return self.busy()

    def busy(self) -> bool:
        """Return whether the last request that was passed to uvicorn's class still waits for its answer."""
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
            raise Problem("too_many_requests", f"wanted at most {MAX_PIPELINED} unanswered requests on a connection")
        super().begin(method)
        if self.closing:
            self.cycle.keep_alive = False

    def _drop(self, problem: Problem) -> None:
        if self.transport.is_closing() or self.phase is Phase.LEAVING:
            return
        within_head = self.phase is Phase.HEAD
        self.phase, self.waiting_since = Phase.LEAVING, self.loop.time()
        if self.busy():
            self._end_after_cycle(problem)
        else:
            self.write_last(problem, within_head)
            # Close only this side: closing both while bytes of the peer are unread would reset TCP and lose the answer.
            self.transport.write_eof()

    def _end_after_cycle(self, problem: Problem) -> None:
        """Make the current answer the last one. If its body is incomplete, it stays so. Ignore whatever else comes."""
        self.cycle.keep_alive = False
        if self.cycle.more_body:
            self.cycle.scope["state"][BROKEN] = problem
            self.cycle.more_body = False
            self.cycle.message_event.set()
        FlowControl.resume_reading(self.flow)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's never keeps it open, asyncio's may
        """Answer the requests that came before the client closed its side; return whether an answer is still due."""
        if self.phase in (Phase.HEAD, Phase.BODY):
            self._drop(Problem("bad_request", "the request ended before it was complete"))
        if self.busy():
            self.cycle.keep_alive = False
            return True
        return False

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read its answers."""
        super().pause_writing()
        self.flow.pause_reading()
        self.waiting_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Finish the request that is being received; its answer is the connection's last.

        The same goes for a request that the kernel has received but we have not read, and for one that a client which
        has just connected is about to send.
        """
        if self.phase in (Phase.HEAD, Phase.BODY) and not self.busy():
            self.closing = True
        elif self.phase is Phase.FIRST or (self.phase is Phase.NEXT and not self.busy() and self._unread()):
            self.closing = True
            self.loop.call_later(FIRST_BYTE_SECONDS, self._leave, self.phase)
        else:
            super().shutdown()

    def _unread(self) -> bool:
        """Return whether the kernel has bytes of the peer that we have not read."""
        fd = self.transport.get_extra_info("socket").fileno()
        return fcntl.ioctl(fd, termios.FIONREAD, bytes(4)) != bytes(4)

    def _leave(self, phase: Phase) -> None:
        """Close the connection if nothing has come since."""
        if self.phase is phase and not self.busy():
            self.transport.close()

    def sweep(self, now: float) -> None:
        """Close the connection if it has waited too long for its peer."""
        limit = self._receive_seconds
        if self.phase is Phase.NEXT and not self.flow.write_paused:
            limit = float("inf") if self.busy() else KEEP_ALIVE_SECONDS
        if now - self.waiting_since < limit:
            return
        within_body = self.phase is Phase.BODY and self.awaits_body()
        if not self.flow.write_paused and (within_body or self.phase is Phase.HEAD):
            part = "body was" if within_body else "headers were"
            self._drop(Problem("request_timeout", f"the {part} not complete within {limit:g} s"))
            self.admission.report()
            return
        if self.flow.write_paused:
            # After a normal close, the kernel would keep the unread answers for minutes.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()


def _problem(error: httptools.HttpParserError) -> Problem:
    """Return what was wrong. The parser also wraps our own errors: those are logged."""
    cause = error.__context__
    if isinstance(cause, Problem):
        return cause
    if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(cause, httptools.HttpParserError):
        log.error("a connection failed", exc_info=cause)
        return Problem("internal", "the request failed")
    return Problem("bad_request", "the request is not HTTP/1.1")
