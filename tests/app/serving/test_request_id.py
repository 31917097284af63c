"""Every answer has a request id: the caller's if it is safe for a log and a header, otherwise a new one."""

from __future__ import annotations

import re

import pytest

from app.serving.request_id import SAFE as REQUEST_ID
from tests.app.conftest import Server
from tests.app.http_client import Connection, Reply, ask, get, request

SAFE = "b3c0ffee-1:2/3.4_5+6=7"
UNSAFE = ["", "a b", 'a"b', "a\tb", "ü", "x" * 129, "{}", "<script>", "a,b", "a;b", "%0d%0aset-cookie:x"]
LIMIT = 8 * 1024 * 1024

GOOD = b'{"features": [[1, 2, 3, 4, 5, 6, 7, 8]]}'
REQUESTS = {
    "prediction": request(GOOD),
    "prediction by name": request(GOOD, path="/predict/california"),
    "spelled otherwise": request(GOOD, path="/%70redict"),
    "refused": request(b"{}"),
    "refused by MLflow": request(b"{}", path="/invocations"),
    "refused by V2": request(b"{}", path="/v2/models/california/infer"),
    "unsupported": request(GOOD, content_type="text/html"),
    "too large": request(content_length=str(LIMIT + 1)),
    "half-closed": request(GOOD, content_length="1000"),
    "not found": get("/nowhere"),
    "not found in V2": get("/v2/models/nothing"),
    "not allowed": get("/predict"),
    "metrics": get("/metrics"),
    "health": get("/healthz"),
    "readiness": get("/readyz"),
    "version": get("/version"),
    "page": get("/docs"),
    "description": get("/openapi.json"),
    "model": get("/v2/models/california"),
}
MALFORMED = {"header": request(GOOD).replace(b"length:", b"length"), "length": request(GOOD, content_length="-1")}


def answered(server: Server, data: bytes) -> Reply:
    with Connection(server.address) as connection:
        connection.send(data)
        connection.socket.shutdown(1)
        return connection.reply()


def with_id(data: bytes, name: str) -> bytes:
    return data.replace(b"\r\n", f"\r\nx-request-id: {name}\r\n".encode(), 1)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_safe_id_comes_back(served: Server, kind: str) -> None:
    assert answered(served, with_id(REQUESTS[kind], SAFE)).headers["x-request-id"] == SAFE


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_safe_id_before_what_is_malformed_comes_back(served: Server, kind: str) -> None:
    assert answered(served, with_id(MALFORMED[kind], SAFE)).headers["x-request-id"] == SAFE


@pytest.mark.parametrize("kind", [*REQUESTS, *MALFORMED])
def test_who_sends_none_gets_one(served: Server, kind: str) -> None:
    data = (REQUESTS | MALFORMED)[kind]
    names = {answered(served, data).headers["x-request-id"] for _ in range(3)}
    assert len(names) == 3
    assert all(REQUEST_ID.fullmatch(name) for name in names)


@pytest.mark.parametrize("unsafe", UNSAFE)
@pytest.mark.parametrize("kind", ["prediction", "refused", "spelled otherwise", "not found", "too large"])
def test_an_unsafe_id_is_replaced(served: Server, kind: str, unsafe: str) -> None:
    name = answered(served, with_id(REQUESTS[kind], unsafe)).headers["x-request-id"]
    assert name != unsafe
    assert re.fullmatch(r"[0-9a-f]{24,32}", name)


def test_each_error_is_in_the_log_with_its_id(served: Server) -> None:
    expected = []
    for kind, data in (REQUESTS | MALFORMED).items():
        name = f"seen:{kind.replace(' ', '-')}"
        if answered(served, with_id(data, name)).status >= 400:
            expected.append(name)
    assert len(expected) >= 10
    ask(served.address, with_id(request(b"{}"), "seen:last"))
    logged = []
    while "seen:last" not in logged:
        logged.append(served.wait_for("refused")["request_id"])
    assert [name for name in logged if name.startswith("seen:")] == [*expected, "seen:last"]


def test_an_id_of_v2_s_own_is_echoed_in_the_body_and_ours_in_the_header(served: Server) -> None:
    tensor = b'{"name": "features", "shape": [1, 8], "datatype": "FP64", "data": [1, 2, 3, 4, 5, 6, 7, 8]}'
    body = b'{"id": "mine", "inputs": [%b]}' % tensor
    reply = ask(served.address, request(body, path="/v2/models/california/infer", x_request_id=SAFE))
    assert reply.json["id"] == "mine"
    assert reply.headers["x-request-id"] == SAFE
