"""The fast path: answers a prediction inside the HTTP parser's callback, as soon as its body is whole.

There is no task, thread, routing or request object between the parser and the model; that is most of the speed. A slow
sender delays only its own connection. Everything that is not a prediction goes through uvicorn's own class to the
careful path, and so does a prediction with a large body, which would delay everyone.
"""

from __future__ import annotations

from typing import Any

from app.log import log_refusal
from app.prediction.formats.rows import envelope
from app.prediction.predictions import Answer, Route
from app.prediction.request_info import RequestInfo
from app.problem import Problem
from app.serving import request_id
from app.serving.asgi import EXIT, LARGE_BYTES
from app.serving.connection import Connection
from app.serving.request_reader import Phase
from app.serving.service import Service


class FastPath(Connection):
    """One connection; `route` is set while a prediction is being received or answered."""

    def __init__(self, service: Service, **uvicorn: Any) -> None:
        super().__init__(service, **uvicorn)
        self.service = service
        self.predictions = service.predictions
        self.route: Route | None = None
        self.request = RequestInfo()
        self.body: bytes | bytearray = b""
        self.size = 0
        self.keep_alive_header = b""

    def begin(self, method: bytes) -> None:
        # If uvicorn's class still answers an earlier request, this one waits there for its turn.
        if self.busy():
            self._begin_careful(method, "pipelined")
            return
        route = None
        if method == b"POST":
            path, routes = self.url, self.service.routes
            route = routes.get(path) or routes.get(path.partition(b"?")[0])
        if route is None:
            super().begin(method)
            return
        headers = self.fields
        self.route = route
        self.request = self.service.request_info(headers)
        # An HTTP/1.0 client has to be told that the connection stays open; otherwise it waits for the end.
        self.keep_alive_header = b"connection: keep-alive\r\n" if b"connection" in headers else b""
        self.admission.enter(int(headers.get(b"content-length", b"0")))

    def _begin_careful(self, method: bytes, reason: str) -> None:
        super().begin(method)
        self.cycle.scope["state"][EXIT] = reason

    def on_body(self, body: bytes) -> None:
        if self.route is None:
            super().on_body(body)
            return
        self.spare += len(body)
        self.size += len(body)
        self.admission.grow(self.size, len(body))
        if not self.body:
            self.body = body
        else:
            # Not a list of pieces: some clients send a byte at a time, and a piece takes fifty bytes.
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += body

    def check_unfinished(self, length: int) -> None:
        super().check_unfinished(length)
        if self.route is not None and self.phase is Phase.BODY:
            self.admission.check_waiting(self.size)
            if self.expect_100_continue:
                self.expect_100_continue = False
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_message_complete(self) -> None:
        route = self.route
        if route is None:
            super().on_message_complete()
            return
        if self.size > LARGE_BYTES:
            self._hand_over()
            return
        self.phase = Phase.NEXT
        keep = self.parser.should_keep_alive() and not self.closing
        self._write(self.predictions.answer(route, self.request, bytes(self.body)), keep)
        self._end()
        if not keep:
            self.transport.close()

    def _hand_over(self) -> None:
        """Pass a large request to uvicorn's class: the careful path answers it outside of the event loop."""
        body = bytes(self.body)
        self._end()
        # The client has had its `100 Continue` already.
        self.expect_100_continue = False
        self._begin_careful(self.parser.get_method(), "large_body")
        super().on_body(body)
        super().on_message_complete()

    def _write(self, answer: Answer, keep: bool) -> None:
        connection = self.keep_alive_header if keep else b"connection: close\r\n"
        writer, name = self.service.answers, self.request.request_id
        self.transport.write(writer.to_bytes(answer, name, self.server_state.default_headers, connection))

    def _end(self) -> None:
        self.admission.leave(self.size)
        self.route = None
        self.body, self.size = b"", 0

    def write_last(self, problem: Problem, within_head: bool) -> None:
        if self.route is not None:
            answer = self.predictions.refuse(self.route, self.request, problem)
            self._end()
        else:
            offered = dict(self.headers).get(request_id.HEADER) if within_head else None
            self.request = RequestInfo(request_id=self.service.request_ids.choose(offered))
            log_refusal(problem, self.request.request_id)
            answer = Answer(problem.status, envelope(problem))
        if self.parser.get_method() == b"HEAD":
            answer = Answer(problem.status, b"")
        self._write(answer, keep=False)

    def awaits_body(self) -> bool:
        return self.route is not None or super().awaits_body()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.route is not None:
            self._end()
            self.admission.report()
        super().connection_lost(exc)
