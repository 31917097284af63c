"""HTTP for the hot path: answers a prediction as soon as its body is whole.

No task, thread, routing or request object comes between the parser and the model; that is most of the speed. Nothing
waits for a slow sender but the sender's own connection. All that is not a prediction, and a prediction for a large
body, which would hold everybody up, goes the way of uvicorn's own class.
"""

from __future__ import annotations

import logging
from typing import Any

from app.prediction.formats.rows import envelope
from app.prediction.predictions import LARGE, Answer, Asked, Route
from app.problem import Problem
from app.serving.admission import Traffic
from app.serving.connection import Connection, Phase

log = logging.getLogger("slipway")


class PredictionProtocol(Connection):
    """One connection; `route` is set while a prediction is being received or answered."""

    def __init__(self, traffic: Traffic, **uvicorn: Any) -> None:
        super().__init__(traffic, **uvicorn)
        self.route: Route | None = None
        self.asked = Asked()
        self.body: bytes | bytearray = b""
        self.size = 0
        self.kept = b""

    def begin(self, method: bytes) -> None:
        route = None
        # Behind a request that uvicorn's class still has, this one waits there for its turn.
        if method == b"POST" and not self.busy():
            path = self.url
            route = self.traffic.routes.get(path) or self.traffic.routes.get(path.partition(b"?")[0])
        if route is None:
            super().begin(method)
            return
        headers = self.fields
        self.route = route
        self.asked = self.traffic.asked(headers)
        # HTTP/1.0 has to be told that its wish is granted, else it waits for the end.
        self.kept = b"connection: keep-alive\r\n" if b"connection" in headers else b""
        self.traffic.enter(int(headers.get(b"content-length", b"0")))

    def on_body(self, body: bytes) -> None:
        if self.route is None:
            super().on_body(body)
            return
        self.spare += len(body)
        self.size += len(body)
        self.traffic.grow(self.size, len(body))
        if not self.body:
            self.body = body
        else:
            # Not a list of pieces: some send a byte at a time, and a piece weighs fifty.
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += body

    def check_unfinished(self, length: int) -> None:
        super().check_unfinished(length)
        if self.route is not None and self.phase is Phase.BODY:
            self.traffic.check_waiting(self.size)
            if self.expect_100_continue:
                self.expect_100_continue = False
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_message_complete(self) -> None:
        route = self.route
        if route is None:
            super().on_message_complete()
            return
        if self.size > LARGE:
            self._hand_over()
            return
        self.phase = Phase.NEXT
        keep = self.parser.should_keep_alive() and not self.closing
        self._write(self.traffic.predictions.answer(route, self.asked, bytes(self.body)), keep)
        self._end()
        if not keep:
            self.transport.close()

    def _hand_over(self) -> None:
        """Let uvicorn's class have a large request: the application answers it off the event loop."""
        body = bytes(self.body)
        self._end()
        # Whoever waited for it has been told to go on.
        self.expect_100_continue = False
        super().begin(self.parser.get_method())
        super().on_body(body)
        super().on_message_complete()

    def _write(self, answer: Answer, keep: bool) -> None:
        head = self.traffic.head(answer.status, self.server_state.default_headers)
        name, length = self.asked.request_id.encode(), len(answer.body)
        more = self.kept if keep else b"connection: close\r\n"
        self.transport.write(
            b"%bx-request-id: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (head, name, length, more, answer.body)
        )

    def _end(self) -> None:
        self.traffic.leave(self.size)
        self.route = None
        self.body, self.size = b"", 0

    def say_last(self, problem: Problem, within_head: bool) -> None:
        if self.route is not None:
            answer = self.traffic.predictions.refuse(self.route, self.asked, problem)
            self._end()
        else:
            given = dict(self.headers).get(b"x-request-id") if within_head else None
            self.asked = Asked(request_id=self.traffic.name(given))
            where = {"request_id": self.asked.request_id, "code": problem.code, "status": problem.status}
            log.warning("refused", extra=where)
            answer = Answer(problem.status, envelope(problem))
        if self.parser.get_method() == b"HEAD":
            answer = Answer(problem.status, b"")
        self._write(answer, keep=False)

    def awaits_body(self) -> bool:
        return self.route is not None or super().awaits_body()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.route is not None:
            self._end()
            self.traffic.show()
        super().connection_lost(exc)
