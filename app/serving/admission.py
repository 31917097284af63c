"""What the connections of one worker share: the predictions, and the count of what is under way and of its bytes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.prediction.predictions import JSON, Asked, Predictions
from app.problem import Problem
from app.web.application import REQUEST_ID

JSON_BYTES = JSON.encode()
INFERENCE_HEADER = b"inference-header-content-length"
# A body up to this size is taken whatever others have buffered: `max_in_flight` bounds the sum of these.
SMALL_BYTES = 64 * 1024


class Traffic:
    """Counts requests whose bodies are still coming, and refuses those that are too many or too large.

    A request that comes whole in one packet is answered at once, so that it is never one of them: however many
    half-sent ones there are, it gets its answer.
    """

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.settings = predictions.settings
        self.routes = {path.encode(): route for path, route in predictions.routes.items()}
        self.in_flight = 0
        self.buffered = 0
        self._gauge = predictions.metrics.in_flight
        self._shown = 0
        self._common: list[tuple[bytes, bytes]] = []
        self._ok = b""
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count(10_000_000)  # eight digits for long enough

    def asked(self, headers: Mapping[bytes, bytes]) -> Asked:
        header = headers.get
        name = self.name(header(b"x-request-id"))
        kind, encoding, binary = header(b"content-type"), header(b"content-encoding"), header(INFERENCE_HEADER)
        # What nearly all requests have is not decoded each time.
        if kind == JSON_BYTES and encoding is None and binary is None:
            return Asked(JSON, "", "", name)
        return Asked(_text(kind), _text(encoding), _text(binary), name)

    def name(self, given: bytes | None) -> str:
        """Return the caller's request id where it is fit for a log and a header, else a new one."""
        if given:
            text = given.decode("latin-1")
            if REQUEST_ID.fullmatch(text):
                return text
        return self._prefix + str(next(self._numbers))

    def enter(self, length: int) -> None:
        """Count one more request, whose body says that it has `length` bytes; raises Problem if that is too large."""
        self.in_flight += 1
        if length > self.settings.max_body_bytes:
            raise self._too_large()

    def grow(self, size: int, more: int) -> None:
        """Count `more` bytes of a body that now has `size`; raises Problem if that is too large."""
        self.buffered += more
        if size > self.settings.max_body_bytes:
            raise self._too_large()

    def check_waiting(self, size: int) -> None:
        """Raise Problem if there is no room for one more request to wait for the rest of its body."""
        full = size > SMALL_BYTES and self.buffered > self.settings.max_buffered_bytes
        if full or self.in_flight > self.settings.max_in_flight:
            raise Problem("too_many_requests", "too many requests at once, try again in a second")

    def leave(self, size: int) -> None:
        self.in_flight -= 1
        self.buffered -= size

    def show(self) -> None:
        """Bring the gauge up to date: once a packet, not once a request, as most begin and end within one."""
        if self.in_flight != self._shown:
            self._gauge.set(self.in_flight)
            self._shown = self.in_flight

    def head(self, status: int, common: list[tuple[bytes, bytes]]) -> bytes:
        """Return the lines that all answers of a status share; uvicorn makes a new list of `common` each second."""
        if common is not self._common:
            self._common = common
            self._ok = _head(200, common)
        return self._ok if status == 200 else _head(status, common)

    def _too_large(self) -> Problem:
        return Problem("body_too_large", f"wanted a body of at most {self.settings.max_body_bytes} bytes")


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""


def _head(status: int, common: list[tuple[bytes, bytes]]) -> bytes:
    lines = [b"content-type: %b\r\n" % JSON_BYTES, *(b"%b: %b\r\n" % pair for pair in common)]
    if status == 429:
        lines.append(b"retry-after: 1\r\n")
    return STATUS_LINE[status] + b"".join(lines)
