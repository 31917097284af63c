"""HTTP for the hot path: uvicorn's protocol, which answers a prediction itself as soon as its body is whole.

No task, thread, routing or request object comes between the parser and the model; that is most of the speed. Nothing
waits for a slow sender but the sender's own connection. All else goes the way of uvicorn's own class.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.predictions import Answer, Asked, Predictions, Route
from app.problem import Problem
from app.server import REQUEST_ID
from app.shapes.rows import envelope

MAX_HEAD_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 75.0


class Traffic:
    """What the connections of one worker share: the predictions, the count of what is under way, and names for it."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.settings = predictions.settings
        self.routes = {path.encode(): route for path, route in predictions.routes.items()}
        self.gauge = predictions.metrics.in_flight
        self.in_flight = 0
        self.buffered = 0
        self._shown = 0
        self._common: list[tuple[bytes, bytes]] = []
        self._ok = b""
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count()

    def name(self, given: bytes | None) -> str:
        """Return the caller's request id where it is fit for a log and a header, else a new one."""
        if given:
            text = given.decode("latin-1")
            if REQUEST_ID.fullmatch(text):
                return text
        return f"{self._prefix}{next(self._numbers):08x}"

    def show(self) -> None:
        """Bring the gauge up to date: once a packet, not once a request, as most begin and end within one."""
        if self.in_flight != self._shown:
            self.gauge.set(self.in_flight)
            self._shown = self.in_flight

    def head(self, status: int, common: list[tuple[bytes, bytes]]) -> bytes:
        """Return the lines that all answers of a status share; uvicorn makes a new list of `common` each second."""
        if common is not self._common:
            self._common = common
            self._ok = _head(200, common)
        return self._ok if status == 200 else _head(status, common)

    def full(self) -> bool:
        return self.in_flight >= self.settings.max_in_flight or self.buffered >= self.settings.max_buffered_bytes


def _head(status: int, common: list[tuple[bytes, bytes]]) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % pair for pair in common)
    return STATUS_LINE[status] + b"content-type: application/json\r\n" + lines


class PredictionProtocol(HttpToolsProtocol):
    """One connection; `route` is set while a prediction is being received or answered."""

    def __init__(self, traffic: Traffic, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.traffic = traffic
        self.route: Route | None = None
        self.asked = Asked()
        self.chunks: list[bytes] = []
        self.size = 0
        self.head: int | None = None
        self.refused = False
        self.closing = False
        # Since when the peer owes us something: a head, a body, the next request, or to read what we wrote.
        self.waiting_since = self.loop.time()
        self.receiving = True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.traffic.show()
        if self.head is not None:
            self.head += len(data)
            if self.head > MAX_HEAD_BYTES:
                self._drop(
                    Problem("bad_request", f"wanted a request line and headers of at most {MAX_HEAD_BYTES} bytes")
                )

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.head = 0
        self.receiving = True
        self.waiting_since = self.loop.time()

    def on_headers_complete(self) -> None:
        self.head = None
        busy = self.cycle is not None and not self.cycle.response_complete
        route = None
        if not busy and self.parser.get_method() == b"POST":
            path = self.url
            route = self.traffic.routes.get(path) or self.traffic.routes.get(path.partition(b"?")[0])
        if route is None:
            self._hand_over()
        else:
            self._begin(route, dict(self.headers))

    def _hand_over(self) -> None:
        """Let uvicorn's class have the request from its beginning."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _begin(self, route: Route, headers: dict[bytes, bytes]) -> None:
        self.route = route
        self.chunks, self.size, self.refused = [], 0, False
        header = headers.get
        self.asked = Asked(
            header(b"content-type", b"").decode("latin-1"),
            header(b"content-encoding", b"").decode("latin-1"),
            header(b"inference-header-content-length", b"").decode("latin-1"),
            self.traffic.name(header(b"x-request-id")),
        )
        full = self.traffic.full()
        self.traffic.in_flight += 1
        if full:
            self._refuse(route, Problem("too_many_requests", "too many requests at once, try again in a second"))
        elif int(header(b"content-length", b"0")) > self.traffic.settings.max_body_bytes:
            self._refuse_size(route)
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self.route is None:
            super().on_body(body)
        elif not self.refused:
            self.chunks.append(body)
            self.size += len(body)
            self.traffic.buffered += len(body)
            if self.size > self.traffic.settings.max_body_bytes:
                self._refuse_size(self.route)

    def on_message_complete(self) -> None:
        self.receiving = False
        route = self.route
        if route is None:
            super().on_message_complete()
        elif self.refused:
            self._end()
            self.transport.close()
        else:
            body = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
            self._write(self.traffic.predictions.answer(route, self.asked, body))
            self._end()

    def _refuse_size(self, route: Route) -> None:
        limit = self.traffic.settings.max_body_bytes
        self._refuse(route, Problem("body_too_large", f"wanted a body of at most {limit} bytes"))

    def _refuse(self, route: Route, problem: Problem) -> None:
        """Answer before the body is whole, and drop what still comes of it, so that the sender gets to read why."""
        self.refused = self.closing = True
        self.chunks = []
        self._write(self.traffic.predictions.refuse(route, self.asked, problem))

    def _write(self, answer: Answer) -> None:
        keep = self.parser.should_keep_alive() and not self.closing
        more = b"" if keep else b"connection: close\r\n"
        if answer.status == 429:
            more += b"retry-after: 1\r\n"
        head = self.traffic.head(answer.status, self.server_state.default_headers)
        name, length = self.asked.request_id.encode(), len(answer.body)
        self.transport.write(
            b"%bx-request-id: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (head, name, length, more, answer.body)
        )
        if not keep and not self.refused:
            self.transport.close()

    def _end(self) -> None:
        self.traffic.in_flight -= 1
        self.traffic.buffered -= self.size
        self.route = None
        self.chunks, self.size = [], 0

    def _drop(self, problem: Problem) -> None:
        """Answer what is not, or not yet, a request, and close."""
        if self.transport.is_closing():
            return
        self.closing = self.refused = True
        if self.route is not None:
            self._write(self.traffic.predictions.refuse(self.route, self.asked, problem))
        else:
            self.asked = Asked(request_id=self.traffic.name(None))
            self._write(Answer(problem.status, envelope(problem)))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._drop(Problem("bad_request", "not HTTP/1.1"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.route is not None:
            self._end()
            self.traffic.show()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Read no more from a peer that does not read what it asked for."""
        super().pause_writing()
        self.flow.pause_reading()
        self.waiting_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Let a prediction that is still being received finish; its answer is the connection's last."""
        if self.route is not None:
            self.closing = True
        else:
            super().shutdown()

    def sweep(self, now: float) -> None:
        """Close the connection if its peer has been owing something for too long."""
        running = self.cycle is not None and not self.cycle.response_complete
        limit = self.traffic.settings.body_timeout_seconds
        if not (self.receiving or running or self.flow.write_paused):
            limit = KEEP_ALIVE_SECONDS
        if now - self.waiting_since < limit or (running and not self.receiving):
            return
        if self.flow.write_paused or not self.receiving or (self.head is None and self.route is None):
            self.transport.abort()
        elif self.head is None:
            self._drop(Problem("request_timeout", f"the body was not whole within {limit:g} s"))
        else:
            self._drop(Problem("request_timeout", f"the headers were not whole within {limit:g} s"))
