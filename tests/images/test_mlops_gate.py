"""images/mlops/gate.py: without a login, only /health answers."""

import asyncio
import base64
from typing import Any

import pytest

from images.mlops import gate


def ask(path: str, header: bytes | None, kind: str = "http") -> tuple[bool, list[dict[str, Any]]]:
    """Send a request to a gate with one login; return whether it reached the application, and the messages sent."""
    reached, sent = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": [(b"authorization", header)] if header is not None else []}
    known = gate.Gate(app, lambda user, password: (user, password) == ("admin", "a:secret"))
    asyncio.run(known(scope, None, send))  # type: ignore[arg-type]  # nothing reads the body
    return bool(reached), sent


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    "path", ["/", "/api/2.0/mlflow/experiments/search", "/static-files/x.js", "/healthy", "//health"]
)
@pytest.mark.parametrize(
    "header", [None, b"", b"Basic", b"Basic !", b"Bearer x", basic("admin"), basic("admin:wrong"), basic("x:a:secret")]
)
def test_without_a_login_that_holds_nothing_is_reached(path: str, header: bytes | None) -> None:
    reached, sent = ask(path, header)
    assert not reached
    assert sent[0]["status"] == 401
    assert dict(sent[0]["headers"])[b"www-authenticate"].startswith(b"Basic ")


def test_with_it_everything_is() -> None:
    assert ask("/api/2.0/mlflow/experiments/search", basic("admin:a:secret"))[0]
    assert ask("/", basic("admin:a:secret").replace(b"Basic", b"basic"))[0]


def test_health_is_open() -> None:
    assert ask("/health", None)[0]


def test_a_websocket_is_no_way_round() -> None:
    reached, sent = ask("/", None, "websocket")
    assert not reached
    assert sent == [{"type": "websocket.close", "code": 1008}]
