"""A server behind a Unix socket: whether it is ready, and whether it gives the golden answers."""

import json
import math
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway.api_client import GoldenError, check_golden, is_ready, request

GOLDEN: dict[str, Any] = {"rows": [[1.0, 2.0], [3.0, None]], "predictions": [0.5, 2.25]}
Start = Callable[[int, Any], str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server that gives every request one answer, or what a function makes of its body; return its socket."""
    servers: list[socketserver.BaseServer] = []

    def serve(status: int, document: Any) -> str:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                asked = self.rfile.read(int(self.headers.get("content-length", 0)))
                output = document(json.loads(asked)) if callable(document) else document
                body = output if isinstance(output, bytes) else json.dumps(output).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer

            def address_string(self) -> str:
                return "unix"

            def log_message(self, *_: Any) -> None:
                pass

        path = str(tmp_path / "http.sock")
        servers.append(socketserver.ThreadingUnixStreamServer(path, Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return path

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_server_that_answers_200_is_ready(start: Start) -> None:
    assert is_ready(start(200, {}))


def test_a_server_that_answers_503_is_not(start: Start) -> None:
    assert not is_ready(start(503, {}))


def test_no_server_is_not_ready(tmp_path: Path) -> None:
    assert not is_ready(str(tmp_path / "none.sock"))


def test_a_socket_that_nobody_serves_any_more_is_not_ready(tmp_path: Path) -> None:
    path = str(tmp_path / "stale.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    assert not is_ready(path)


def test_what_is_no_json_is_an_error(start: Start) -> None:
    with pytest.raises(ConnectionError):
        request(start(200, b"<html>"), "GET", "/")


def answering(*predictions: Any) -> Callable[[Any], Any]:
    """A server that gives GOLDEN's rows these predictions."""
    return lambda asked: {"predictions": [predictions[GOLDEN["rows"].index(row)] for row in asked["features"]]}


def test_golden_answers_pass_and_tell_the_time(start: Start) -> None:
    path = start(200, answering(0.5, 2.2500001))
    assert 0 < check_golden(path, "california", GOLDEN, 60_000) < 60_000


def test_each_row_is_asked_alone_too(start: Start) -> None:
    """As most users ask: an engine may add up in another order for one row than for many."""

    def answer(asked: Any) -> Any:
        right = answering(0.5, 2.25)(asked)
        return (
            right if len(asked["features"]) == 2 else {"predictions": [value + 0.01 for value in right["predictions"]]}
        )

    with pytest.raises(
        GoldenError, match=r"^california: golden row 0 in a request of its own: the prediction is 0\.51, wanted 0\.5$"
    ):
        check_golden(start(200, answer), "california", GOLDEN, 60_000)


@pytest.mark.parametrize("given", [2.2505, math.nan, None, "2.25", [2.25], True])
def test_another_answer_is_refused_with_its_row(start: Start, given: Any) -> None:
    path = start(200, {"predictions": [0.5, given]})
    with pytest.raises(GoldenError, match=r"^california: golden row 1: the prediction is .*, wanted 2\.25$"):
        check_golden(path, "california", GOLDEN, 60_000)


@pytest.mark.parametrize("given", [None, [0.5], [0.5, 2.25, 1.0], {"0": 0.5}])
def test_another_number_of_answers_is_refused(start: Start, given: Any) -> None:
    with pytest.raises(GoldenError, match="is not a list of 2 predictions"):
        check_golden(start(200, {"predictions": given}), "california", GOLDEN, 60_000)


def test_several_outputs_a_row_are_compared_one_by_one(start: Start) -> None:
    golden = {"rows": [[1.0]], "predictions": [[0.1, 0.9]]}
    path = start(200, {"predictions": [[0.1, 0.8]]})
    with pytest.raises(GoldenError, match="golden row 0"):
        check_golden(path, "iris", golden, 60_000)


def test_a_refusal_is_told(start: Start) -> None:
    with pytest.raises(GoldenError, match=r"status 422 for the golden rows: .*missing_field"):
        check_golden(start(422, {"error": {"code": "missing_field"}}), "california", GOLDEN, 60_000)


def test_too_slow_an_answer_is_refused_with_the_setting(start: Start) -> None:
    with pytest.raises(GoldenError, match=r"wanted at most 0 \(api_golden_limit_ms\)"):
        check_golden(start(200, answering(0.5, 2.25)), "california", GOLDEN, 0)
