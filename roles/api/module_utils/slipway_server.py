"""A server behind a Unix socket: whether it is ready, and whether it gives the golden answers in time."""

import http.client
import json
import socket
import time

from ansible.module_utils.slipway_golden import missed

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
    """Ask the golden rows of the model `name`, all in one request and each in its own, as users do both.

    Return the milliseconds of the quickest answer to all in one request. Raises ServerError where an answer differs, or
    where no answer to all of them comes within the limit.
    """
    times = [_ask_rows(path, name, golden, range(len(golden["rows"]))) for _ in range(ROUNDS)]
    if min(times) > limit_ms:
        raise ServerError(
            f"{name}: the golden rows took {min(times):.0f} ms, wanted at most {limit_ms} (api_golden_limit_ms)"
        )
    for row in range(len(golden["rows"])):
        _ask_rows(path, name, golden, range(row, row + 1))
    return min(times)


def _ask_rows(path, name, golden, rows):
    """Ask for these golden rows in one request; return the milliseconds that its answer took."""
    body = json.dumps({"features": golden["rows"][rows.start : rows.stop]}).encode()
    started = time.perf_counter()
    try:
        status, document = ask(path, "POST", f"/predict/{name}", body)
    except OSError as error:
        raise ServerError(f"{name}: the golden rows got no answer ({error})") from error
    took = (time.perf_counter() - started) * 1000
    if status != 200:
        raise ServerError(f"{name}: the golden rows got status {status}: {json.dumps(document)[:200]}")
    compare(name, document.get("predictions"), golden["predictions"], rows)
    return took


def compare(name, given, golden, rows):
    """Raise ServerError at the first of `rows` whose prediction is not the golden one."""
    if not isinstance(given, list) or len(given) != len(rows):
        raise ServerError(f"{name}: the golden rows got no list of {len(rows)} predictions")
    if wrong := missed(given, golden, rows.start):
        first = rows[wrong[0]]
        alone = "" if len(rows) == len(golden) > 1 else " alone"
        raise ServerError(f"{name}: golden row {first}{alone} gets {given[wrong[0]]}, wanted {golden[first]}")
