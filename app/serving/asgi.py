"""The ASGI application that uvicorn runs: what the protocol does not answer itself, kept off Flask's threads.

Flask answers from a handful of threads, each of which a half-sent body would hold. So none of them ever reads one:
predictions are answered here, those for a large body in a thread, and all else has no use for a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.prediction.predictions import JSON, LARGE, Answer, Asked, Predictions, Route
from app.problem import Problem
from app.serving.admission import Traffic

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
        # One: a large body takes tens of megabytes while it is answered.
        self._thread = ThreadPoolExecutor(1, "large")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        send = _while_open(send)
        path = "/" + scope["path"].lstrip("/")  # as Werkzeug's routing reads it
        route = self._predictions.routes.get(path) if scope["method"] == "POST" else None
        if route is None:
            await self._rest(scope, _nothing, send)
            return
        headers = dict(scope["headers"])
        asked = self._traffic.asked(headers)
        length = int(headers.get(b"content-length", b"0"))
        answer = await self._answer(route, asked, scope, length, receive)
        await _respond(send, answer, asked.request_id)

    async def _answer(self, route: Route, asked: Asked, scope: Message, length: int, receive: Receive) -> Answer:
        """Return the answer, a large body's from a thread: the event loop goes on meanwhile."""
        body, whole = bytearray(), b""
        try:
            self._traffic.enter(length)
            await self._fill(body, scope, receive)
            whole = bytes(body)
            body.clear()
            if len(whole) <= LARGE:
                return self._predictions.answer(route, asked, whole)
            self._traffic.check_waiting(len(whole))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._predictions.answer, route, asked, whole)
        except Problem as problem:
            return self._predictions.refuse(route, asked, problem)
        finally:
            self._traffic.leave(len(body) + len(whole))
            self._traffic.show()

    async def _fill(self, body: bytearray, scope: Message, receive: Receive) -> None:
        """Read the whole body; raises Problem if it is too large, broken, or has no room to wait."""
        while True:
            message = await receive()
            more = message.get("body", b"")
            body += more
            self._traffic.grow(len(body), len(more))
            if not message.get("more_body"):
                break
            self._traffic.check_waiting(len(body))
        if message["type"] == "http.disconnect" or BROKEN in scope["state"]:
            raise scope["state"].get(BROKEN) or Problem("bad_request", "the request ended early")


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
