"""A client of the API behind a Unix socket: whether it is ready, and whether it gives the golden answers in time."""

import http.client
import json
import socket
import time
from collections.abc import Sequence
from typing import Any

from .golden import missed

ROUNDS = 3


class GoldenError(Exception):
    """A server that does not give the golden answers, or not in time."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of an address."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(path: str, method: str, url: str, body: bytes | None = None, timeout: float = 5.0) -> tuple[int, Any]:
    """Return the status and the JSON of a server's answer; raises OSError if there is no such answer."""
    connection = UnixConnection(path, timeout)
    try:
        headers = {"content-type": "application/json"} if body else {}
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"its answer is not JSON over HTTP: {error!r}") from error
    finally:
        connection.close()


def is_ready(path: str) -> bool:
    """Whether the server says that its models answer."""
    try:
        return request(path, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def check_golden(path: str, name: str, golden: dict[str, Any], limit_ms: float) -> float:
    """Send the golden rows of the model `name`, all in one request and each in its own, as users do both.

    Return the milliseconds of the fastest answer to all rows. Raises GoldenError if an answer differs, or if no answer
    to all rows comes within the limit.
    """
    rows = range(len(golden["rows"]))
    times = [_check_rows(path, name, golden, rows) for _ in range(ROUNDS)]
    if min(times) > limit_ms:
        raise GoldenError(
            f"{name}: the golden rows took {min(times):.0f} ms, wanted at most {limit_ms} (api_golden_limit_ms)"
        )
    for row in rows:
        _check_rows(path, name, golden, range(row, row + 1))
    return min(times)


def _check_rows(path: str, name: str, golden: dict[str, Any], rows: range) -> float:
    """Send these golden rows in one request; return the milliseconds until the answer."""
    body = json.dumps({"features": golden["rows"][rows.start : rows.stop]}).encode()
    started = time.perf_counter()
    try:
        status, answer = request(path, "POST", f"/predict/{name}", body)
    except OSError as error:
        raise GoldenError(f"{name}: no answer to the golden rows ({error})") from error
    took = (time.perf_counter() - started) * 1000
    if status != 200:
        raise GoldenError(f"{name}: status {status} for the golden rows: {json.dumps(answer)[:200]}")
    _compare(name, answer.get("predictions"), golden["predictions"], rows)
    return took


def _compare(name: str, predictions: Any, golden: Sequence[Any], rows: range) -> None:
    """Raise GoldenError for the first of `rows` whose prediction is not the golden one."""
    if not isinstance(predictions, list) or len(predictions) != len(rows):
        raise GoldenError(f"{name}: the answer to the golden rows is not a list of {len(rows)} predictions")
    if wrong := missed(predictions, golden, rows.start):
        first = rows[wrong[0]]
        alone = "" if len(rows) == len(golden) > 1 else " in a request of its own"
        raise GoldenError(
            f"{name}: golden row {first}{alone}: the prediction is {predictions[wrong[0]]}, wanted {golden[first]}"
        )
