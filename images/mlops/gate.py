"""The login in front of every route of MLflow's server.

MLflow itself checks the login route by route and leaves some routes open, as those of its pages' code. Nobody without a
login needs them. A route that a later version forgets to protect is protected here too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio.to_thread

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# Its answer only shows that the server runs.
OPEN = "/health"
REALM = b'Basic realm="mlflow"'


class Gate:
    """Passes a request on to `app` if `check(user, password)` is true; a slow check does not delay other requests."""

    def __init__(self, app: App, check: Callable[[str, str], bool]) -> None:
        self._app = app
        self._check = check

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] == OPEN):
            await self._app(scope, receive, send)
            return
        login = credentials(dict(scope["headers"]).get(b"authorization", b""))
        if login is not None and await anyio.to_thread.run_sync(self._check, login[0], login[1]):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send)
        else:
            await send({"type": "websocket.close", "code": 1008})


def credentials(header: bytes) -> tuple[str, str] | None:
    """Return user and password of an Authorization header, None if it has none."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


async def _refuse(send: Send) -> None:
    body = b"Log in first.\n"
    headers = [(b"www-authenticate", REALM), (b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
