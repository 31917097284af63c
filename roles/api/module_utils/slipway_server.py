"""A server behind a Unix socket: whether it is ready, and whether it gives the golden answers in time."""

import http.client
import json
import socket
import time

# As app/engine.py has it: two engines differ by less, two models by more.
TOLERANCE = 1e-5
ROUNDS = 3


class ServerError(Exception):
    """What a server did not do that a release asks of it."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        """Connect to the socket in place of an address."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(path, method, url, body=None, timeout=5.0):
    """Return the status and the document that a server answers; raises OSError where it does not."""
    connection = UnixConnection(path, timeout)
    try:
        headers = {"content-type": "application/json"} if body else {}
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"no HTTP: {error!r}") from error
    finally:
        connection.close()


def is_ready(path):
    """Whether the server says that its models answer."""
    try:
        return ask(path, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def prove(path, name, golden, limit_ms):
    """Ask the golden rows of the model `name`; return the milliseconds of the quickest answer.

    Raises ServerError where an answer differs, or none comes within the limit.
    """
    body = json.dumps({"features": golden["rows"]}).encode()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        try:
            status, document = ask(path, "POST", f"/predict/{name}", body)
        except OSError as error:
            raise ServerError(f"{name}: the golden rows got no answer ({error})") from error
        times.append((time.perf_counter() - started) * 1000)
        if status != 200:
            raise ServerError(f"{name}: the golden rows got status {status}: {json.dumps(document)[:200]}")
        compare(name, document.get("predictions"), golden["predictions"])
    if min(times) > limit_ms:
        raise ServerError(
            f"{name}: the golden rows took {min(times):.0f} ms, wanted at most {limit_ms} (api_golden_limit_ms)"
        )
    return min(times)


def compare(name, given, wanted):
    """Raise ServerError at the first row whose prediction differs."""
    if not isinstance(given, list) or len(given) != len(wanted):
        raise ServerError(f"{name}: the golden rows got no list of {len(wanted)} predictions")
    for row, (one, other) in enumerate(zip(given, wanted)):  # noqa: B905  # lengths are equal; hosts' lowest Python has no strict
        if not close(one, other):
            raise ServerError(f"{name}: golden row {row} gets {one}, wanted {other}")


def close(one, other):
    """Whether two predictions agree: numbers, or lists of them."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if not all(isinstance(value, (int, float)) for value in (one, other)):
        return False
    return abs(one - other) <= TOLERANCE * (1 + abs(other))
