"""The ASGI application that uvicorn runs: what the protocol does not answer itself, kept off Flask's threads.

Flask answers from a handful of threads, each of which a half-sent body would hold. So none of them ever reads one:
predictions are answered here, all else has no use for a body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.predictions import JSON, Answer, Predictions
from app.problem import Problem
from app.traffic import Traffic

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
# Where the connection leaves the Problem of a body that will never be whole, in the state of its scope.
BROKEN = "broken"


class Front:
    """Answers a prediction that came behind another request or by an unusual spelling; hands all else to `rest`."""

    def __init__(self, traffic: Traffic, rest: App) -> None:
        self._traffic = traffic
        self._predictions: Predictions = traffic.predictions
        self._rest = rest

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        send = _while_open(send)
        path = "/" + scope["path"].lstrip("/")  # as Werkzeug's routing reads it
        route = self._predictions.routes.get(path) if scope["method"] == "POST" else None
        if route is None:
            await self._rest(scope, _nothing, send)
            return
        headers = dict(scope["headers"])
        asked = self._traffic.asked(headers)
        try:
            body = await self._body(scope, int(headers.get(b"content-length", b"0")), receive)
        except Problem as problem:
            answer = self._predictions.refuse(route, asked, problem)
        else:
            answer = self._predictions.answer(route, asked, body)
        await _respond(send, answer, asked.request_id)

    async def _body(self, scope: Message, length: int, receive: Receive) -> bytes:
        """Return the whole body; raises Problem if it is too large, broken, or has no room to wait."""
        body = bytearray()
        try:
            self._traffic.enter(length)
            while True:
                message = await receive()
                more = message.get("body", b"")
                body += more
                self._traffic.grow(len(body), len(more))
                if not message.get("more_body"):
                    break
                self._traffic.check_waiting(len(body))
        finally:
            self._traffic.leave(len(body))
            self._traffic.show()
        if message["type"] == "http.disconnect" or BROKEN in scope["state"]:
            raise scope["state"].get(BROKEN) or Problem("bad_request", "the request ended early")
        return bytes(body)


def _while_open(send: Send) -> Send:
    """Return `send` for a peer that may go between two writes: uvloop says so first, uvicorn knows a moment later."""

    async def sent(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError as error:
            if "the handler is closed" not in str(error):
                raise

    return sent


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _respond(send: Send, answer: Answer, request_id: str) -> None:
    headers = [
        (b"content-type", JSON.encode()),
        (b"x-request-id", request_id.encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if answer.status == 429:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
