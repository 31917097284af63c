"""The load counts right answers and reports all others."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpcore
import httpx
import orjson
import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated

from bench.bundle import Bundle
from bench.known import Known, Request
from bench.load import Load

Answer = Callable[[Request, httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def known(small_bundle: Bundle) -> Known:
    return Known({"7": small_bundle.folder}, clients=4)


@pytest.fixture
def load(known: Known, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], Load]:
    """A function that makes a load whose requests another function answers."""
    requests = {request.body: request for client in known.clients for request in client}

    def make(answer: Answer) -> Load:
        def client(_: Load, http2: bool) -> httpx.AsyncClient:
            def handle(sent: httpx.Request) -> httpx.Response:
                made = answer(requests[sent.content], sent)
                made.extensions = {"http_version": b"HTTP/2" if http2 else b"HTTP/1.1"} | made.extensions
                made.headers.setdefault("x-request-id", sent.headers["x-request-id"])
                return made

            return httpx.AsyncClient(transport=httpx.MockTransport(handle))

        monkeypatch.setattr(Load, "_client", client)
        return Load("https://localhost/predict", None, known)

    return make


def right(request: Request, _: httpx.Request) -> httpx.Response:
    content = orjson.dumps({"version": "7", "predictions": request.predictions["7"].tolist()})
    return httpx.Response(200, content=content)


def test_right_answers_are_counted_by_version(load: Callable[[Answer], Load]) -> None:
    with load(right) as made:
        made.more(3)
    assert made.served["7"] >= 12
    assert not made.failed
    assert not made.wrong


def test_answers_of_another_request_are_wrong(load: Callable[[Answer], Load], known: Known) -> None:
    other = known.clients[3][0]
    with load(lambda request, sent: right(other if request is known.clients[0][0] else request, sent)) as made:
        made.more(3)
    assert made.wrong
    assert not made.failed


@pytest.mark.parametrize(
    "made",
    [
        lambda: httpx.Response(400, content=b"not JSON"),
        lambda: httpx.Response(500),
        lambda: httpx.Response(200, content=b"<html>"),
        lambda: httpx.Response(404),
    ],
)
def test_an_unexpected_status_is_wrong(
    load: Callable[[Answer], Load], known: Known, made: Callable[[], httpx.Response]
) -> None:
    first = known.clients[0][0]
    with load(lambda request, sent: made() if request is first else right(request, sent)) as loaded:
        loaded.more(3)
    assert loaded.wrong


@pytest.mark.parametrize(
    "changes", [{"headers": {"x-request-id": "another"}}, {"extensions": {"http_version": b"HTTP/1.0"}}]
)
def test_the_request_id_and_the_version_of_http_have_to_be_its_own(
    load: Callable[[Answer], Load], known: Known, changes: dict[str, Any]
) -> None:
    first = known.clients[0][0]

    def answer(request: Request, sent: httpx.Request) -> httpx.Response:
        made = right(request, sent)
        return httpx.Response(200, content=made.content, **changes) if request is first else made

    with load(answer) as made:
        made.more(3)
    assert made.wrong


@pytest.mark.parametrize("error", [httpx.ConnectError("nobody listens"), anyio.EndOfStream()])
def test_missing_answers_are_counted_by_status_and_by_error(
    load: Callable[[Answer], Load], known: Known, error: Exception
) -> None:
    def answer(request: Request, sent: httpx.Request) -> httpx.Response:
        if request is known.clients[0][0]:
            return httpx.Response(502)
        if request is known.clients[1][0]:
            raise error
        return right(request, sent)

    with load(answer) as made:
        made.more(3)
    assert made.failed["502"]
    assert made.failed[f"fresh HTTP/1.1: {error!r}"]
    assert not made.wrong


def goaway(code: ErrorCodes) -> httpx.RemoteProtocolError:
    """The error of httpx for a request on a connection whose end the server announced."""
    event = ConnectionTerminated()
    event.error_code = code
    error = httpx.RemoteProtocolError(str(event))
    error.__cause__ = httpcore.RemoteProtocolError(event)
    return error


def raising(error: Exception, times: float) -> tuple[Answer, list[str]]:
    """Return an answer that raises an error the first times, and the ids of the requests that met it."""
    seen: list[str] = []

    def answer(request: Request, sent: httpx.Request) -> httpx.Response:
        if len(seen) < times:
            seen.append(sent.headers["x-request-id"])
            raise error
        return right(request, sent)

    return answer, seen


def test_a_request_whose_connection_the_server_ends_in_order_is_sent_once_more(load: Callable[[Answer], Load]) -> None:
    answer, seen = raising(goaway(ErrorCodes.NO_ERROR), 1)
    with load(answer) as made:
        made.more(3)
    assert made.repeated == len(seen) == 1
    assert not made.failed
    assert not made.wrong


def test_the_second_time_it_has_failed(load: Callable[[Answer], Load]) -> None:
    answer, seen = raising(goaway(ErrorCodes.NO_ERROR), 8)
    with load(answer) as made:
        made.more(3)
    assert seen[0] in seen[1:]
    assert made.failed.total() == made.repeated == 4


@pytest.mark.parametrize(
    "error", [goaway(ErrorCodes.INTERNAL_ERROR), httpx.RemoteProtocolError("Server disconnected"), httpx.ReadError("")]
)
def test_no_other_failure_is_repeated(load: Callable[[Answer], Load], error: Exception) -> None:
    answer, _ = raising(error, 1)
    with load(answer) as made:
        made.more(3)
    assert made.failed.total() == 1
    assert not made.repeated


def test_only_expected_versions_may_answer(load: Callable[[Answer], Load]) -> None:
    made = load(right)
    made.expect("8")
    with made:
        while not made.wrong:
            time.sleep(0.01)
    assert "version '7', wanted one of ['8']" in made.wrong[0]
    assert not made.served


def test_a_request_may_get_the_version_that_was_expected_when_it_was_sent(load: Callable[[Answer], Load]) -> None:
    def answer(request: Request, sent: httpx.Request) -> httpx.Response:
        made.expect("8")
        return right(request, sent)

    made = load(answer)
    made.expect("7")
    with made:
        while not made.wrong:
            time.sleep(0.01)
    # The first request was sent before; a later one was wrong.
    assert made.served["7"] >= 1


def test_a_defect_of_the_client_is_raised(load: Callable[[Answer], Load]) -> None:
    def answer(request: Request, sent: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup), load(answer) as made:
        made.more(1)


def test_waiting_for_answers_ends(load: Callable[[Answer], Load]) -> None:
    with load(lambda request, sent: httpx.Response(503)) as made, pytest.raises(TimeoutError, match="503"):
        made.more(1, seconds=0.5)


def test_a_missing_ca_is_an_error(known: Known, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Load("https://localhost/predict", tmp_path / "ca.crt", known)


def test_the_api_itself_is_asked_on_its_socket_over_http_1_only(
    load: Callable[[Answer], Load], known: Known, tmp_path: Path
) -> None:
    load(right)
    with Load("http://localhost/predict", None, known, socket=tmp_path / "http.sock") as made:
        made.more(3)
    assert made.served["7"] >= 12
    assert not made.wrong
