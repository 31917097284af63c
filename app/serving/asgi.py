"""The careful path: the ASGI application that uvicorn runs for every request that the fast path does not answer.

Flask answers in a handful of threads, and an incomplete body would block each of them. So no Flask route ever reads a
body: predictions are answered here, those with a large body in a thread of their own, and nothing else needs a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from app.log import CLIENT, REQUEST_ID, log_refusal
from app.prediction.predictions import Answer, Route
from app.prediction.request_info import RequestInfo
from app.problem import Problem
from app.serving.answers import Message, Send, identified, send_answer
from app.serving.service import Service

Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
# A larger body may take longer than other requests should wait.
LARGE_BYTES = 256 * 1024
# Keys that a connection sets in the state of a scope: the Problem of a body that will never be complete, and the reason
# why the request left the fast path.
BROKEN = "broken"
EXIT = "fast_path_exit"
ALLOWED = "OPTIONS, POST"


class CarefulPath:
    """Answers the predictions that left the fast path; passes everything else to `web`, with the request's id."""

    def __init__(self, service: Service, web: App) -> None:
        self._service = service
        self._admission = service.admission
        self._web = web
        # One thread, because a large body takes tens of megabytes while it is answered.
        self._thread = ThreadPoolExecutor(1, "large")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request = self._service.request_info(headers)
        send = identified(_while_open(send), request.request_id)
        path = "/" + scope["path"].lstrip("/")  # as Werkzeug's routing reads it
        route = self._service.predictions.routes.get(path)
        if route is None:
            scope["state"].update({REQUEST_ID: request.request_id, CLIENT: request.client})
            await self._web(scope, _no_body, send)
        elif scope["method"] == "POST":
            await send_answer(
                send, await self._predict(route, request, int(headers.get(b"content-length", b"0")), scope, receive)
            )
        else:
            await send_answer(send, _other_method(route, request, scope["method"]), [(b"allow", ALLOWED.encode())])

    async def _predict(
        self, route: Route, request: RequestInfo, length: int, scope: Message, receive: Receive
    ) -> Answer:
        """Return the answer to a body of `length` bytes; a thread answers a large one, so the event loop goes on."""
        predictions, state = self._service.predictions, scope["state"]
        # Without a reason, it is the path: the fast path knows each route in one spelling only.
        predictions.metrics.fast_path_exits[state.get(EXIT, "path_spelling")].inc()
        body, whole = bytearray(), b""
        try:
            self._admission.enter(length)
            await self._fill(body, scope, receive)
            whole = bytes(body)
            body.clear()
            if len(whole) <= LARGE_BYTES:
                return predictions.answer(route, request, whole)
            self._admission.check_waiting(len(whole))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, predictions.answer, route, request, whole)
        except Problem as problem:
            return predictions.refuse(route, request, problem)
        finally:
            self._admission.leave(len(body) + len(whole))
            self._admission.report()

    async def _fill(self, body: bytearray, scope: Message, receive: Receive) -> None:
        """Read the whole body; raises Problem if it is too large, broken, or has no room to wait."""
        while True:
            message = await receive()
            more = message.get("body", b"")
            body += more
            self._admission.grow(len(body), len(more))
            if not message.get("more_body"):
                break
            self._admission.check_waiting(len(body))
        if message["type"] == "http.disconnect" or BROKEN in scope["state"]:
            raise scope["state"].get(BROKEN) or Problem("bad_request", "the request ended before it was complete")


def _other_method(route: Route, request: RequestInfo, method: str) -> Answer:
    """Refuse a method other than POST, or answer OPTIONS."""
    if method == "OPTIONS":
        return Answer(200, b"")
    problem = Problem("method_not_allowed", "wanted the method POST")
    log_refusal(problem, request.request_id, request.client)
    return Answer(problem.status, route.format.error(problem, request.request_id))


def _while_open(send: Send) -> Send:
    """Return `send` that ignores a peer that has just gone: uvloop raises an error before uvicorn knows it."""

    async def sent(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError as error:
            if "the handler is closed" not in str(error):
                raise

    return sent


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
