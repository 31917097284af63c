"""Writes answers to predictions: as bytes for the fast path, as ASGI messages for the careful path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.prediction.predictions import Answer
from app.prediction.request_info import JSON
from app.serving import request_id

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
RETRY_AFTER_SECONDS = b"1"


def headers(status: int) -> Headers:
    """Return the headers that all answers with this status share."""
    retry = [(b"retry-after", RETRY_AFTER_SECONDS)] if status == 429 else []
    return [(b"content-type", JSON.encode()), *retry]


class AnswerWriter:
    """Writes complete responses, and caches the head that nearly all of them share."""

    def __init__(self) -> None:
        self._server_headers: Headers = []
        self._ok = b""

    def to_bytes(self, answer: Answer, name: str, server_headers: Headers, connection: bytes) -> bytes:
        """Return the response; `name` is the request's id; `connection` is a complete header line, or empty."""
        if answer.status == 200:
            # uvicorn makes a new list of its headers each second.
            if server_headers is not self._server_headers:
                self._server_headers = server_headers
                self._ok = _head(200, server_headers)
            head = self._ok
        else:
            head = _head(answer.status, server_headers)
        return b"%bx-request-id: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (
            head,
            name.encode(),
            len(answer.body),
            connection,
            answer.body,
        )


def _head(status: int, server_headers: Headers) -> bytes:
    lines = [b"%b: %b\r\n" % pair for pair in (*server_headers, *headers(status))]
    return STATUS_LINE[status] + b"".join(lines)


async def send_answer(send: Send, answer: Answer, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send the answer as ASGI messages, with `more` headers; `identified` adds the request's id."""
    length = (b"content-length", str(len(answer.body)).encode())
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": [*headers(answer.status), length, *more]}
    )
    await send({"type": "http.response.body", "body": answer.body})


def identified(send: Send, name: str) -> Send:
    """Return `send`, which then adds the request's id to the headers of every response."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (request_id.HEADER, name.encode())]}
        await send(message)

    return sent
