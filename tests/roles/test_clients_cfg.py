"""roles/api/templates/clients.cfg.j2 and the module slipway_clients, with a real HAProxy: who gets in, and as whom."""

import contextlib
import hashlib
import http.client
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from plugins.modules.slipway_clients import Clients
from tests.roles.real_gateway import ROLES, Gateway, UnixConnection, running

pytestmark = pytest.mark.slow

VARS: dict[str, Any] = yaml.safe_load((ROLES / "api" / "vars" / "main.yml").read_text())
PUBLIC = [*VARS["_api_public_paths"], "/docs/page.js"]
ENVELOPES = {
    "/predict": lambda body: body["error"]["message"],
    "/invocations": lambda body: body["message"],
    "/v2/models/california/infer": lambda body: body["error"],
}


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[None]:
    """A server in place of the API, where the gateway looks for it."""
    path = folder / "api" / "serving" / "blue" / "http.sock"
    path.parent.mkdir(parents=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Echo) as server:
        # As the API's own.
        path.chmod(0o666)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def listed(gateway: Gateway, *clients: dict[str, Any]) -> Clients:
    """Return the list of clients, as the role's task has it."""
    return Clients(list(clients), gateway.clients, gateway.master)


def allow(gateway: Gateway, *clients: dict[str, Any]) -> None:
    """Apply a list of clients, as the role does."""
    listed(gateway, *clients).apply()


def client(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    expires = more.pop("expires", None)
    hashes = [{"sha256": hashlib.sha256(key.encode()).hexdigest()} for key in keys]
    return {"name": name, "keys": [each | ({"expires": expires} if expires else {}) for each in hashes], **more}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    allow(Gateway(folder))
    with serving(folder), running(folder, api_access="keys", gateway_log_sample_rate=1.0) as gateway:
        yield gateway


@pytest.fixture
def connection(proxy: Gateway) -> Iterator[UnixConnection]:
    """One kept connection."""
    with contextlib.closing(proxy.connection()) as connection:
        yield connection


def ask(connection: UnixConnection, path: str = "/predict", **headers: str) -> tuple[http.client.HTTPResponse, Any]:
    """Ask on the connection, which stays open; return the response and what is in its body."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, b"{}", sent)
    response = connection.getresponse()
    return response, json.loads(response.read())


def status(connection: UnixConnection, path: str = "/predict", **headers: str) -> int:
    return ask(connection, path, **headers)[0].status


@pytest.mark.parametrize("path", ENVELOPES)
def test_without_a_key_it_is_401_in_the_protocols_envelope(connection: UnixConnection, path: str) -> None:
    response, body = ask(connection, path)
    assert (response.status, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.headers["content-type"] == "application/json"
    assert "Authorization: Bearer" in ENVELOPES[path](body)
    # A password is no key.
    assert status(connection, path, authorization="Basic YTpi") == 401


@pytest.mark.parametrize("path", ENVELOPES)
def test_with_an_unknown_key_it_is_403_in_the_protocols_envelope(connection: UnixConnection, path: str) -> None:
    response, body = ask(connection, path, x_api_key="slip_unknown")
    assert response.status == 403
    assert ENVELOPES[path](body) == "the key is unknown or has expired"


@pytest.mark.parametrize("path", ["/openapi.json", "/version", "/v2", "/v2/models/california", "/nothing", "//predict"])
def test_what_is_not_public_needs_a_key(connection: UnixConnection, path: str) -> None:
    assert status(connection, path) == 401


@pytest.mark.parametrize("path", ["/healthz/", "/docs/../predict", "/docs/%2e%2e/predict", "/Healthz", "/readyzz"])
def test_another_spelling_of_a_public_path_is_not_public(connection: UnixConnection, path: str) -> None:
    assert status(connection, path) == 401


@pytest.mark.parametrize("path", PUBLIC)
def test_health_and_the_page_need_no_key(connection: UnixConnection, path: str) -> None:
    assert status(connection, f"{path}?x=1") == 200
    # Also where the client sends one that is not right any more.
    assert status(connection, path, x_api_key="slip_unknown") == 200


KEY_HEADERS = [{"authorization": "Bearer slip_a"}, {"authorization": "bearer slip_a"}, {"x_api_key": "slip_a"}]


@pytest.mark.parametrize("headers", KEY_HEADERS)
def test_a_client_is_known_by_name_and_the_api_gets_no_key(
    proxy: Gateway, connection: UnixConnection, headers: dict[str, str]
) -> None:
    allow(proxy, client("mobile-app", "slip_a"), client("reports", "slip_b"))
    response, got = ask(connection, x_slipway_client="reports", **headers)
    assert response.status == 200
    assert [value for name, value in got if name == "x-slipway-client"] == ["mobile-app"]
    assert "slip_a" not in json.dumps(got)


def test_nobody_names_himself_on_a_public_path(connection: UnixConnection) -> None:
    _, got = ask(connection, "/healthz", x_slipway_client="reports")
    assert "reports" not in json.dumps(got)


def test_a_list_works_at_once_also_on_a_kept_connection(proxy: Gateway, connection: UnixConnection) -> None:
    allow(proxy, client("mobile-app", "slip_a"))
    assert status(connection, x_api_key="slip_a") == 200
    first = connection.sock
    allow(proxy, client("mobile-app", "slip_new", "slip_a"))
    assert [status(connection, x_api_key=key) for key in ("slip_a", "slip_new")] == [200, 200]
    allow(proxy, client("mobile-app", "slip_new"))
    assert [status(connection, x_api_key=key) for key in ("slip_a", "slip_new")] == [403, 200]
    allow(proxy)
    assert status(connection, x_api_key="slip_new") == 403
    assert connection.sock is first


def test_a_withdrawn_key_stops_on_a_kept_http2_connection(proxy: Gateway) -> None:
    allow(proxy, client("mobile-app", "slip_a"))
    transport = httpx.HTTPTransport(uds=str(proxy.folder / "plain.sock"), http1=False, http2=True)
    with httpx.Client(transport=transport, headers={"x-api-key": "slip_a"}) as http2:
        answers = [http2.post("http://localhost/predict", content=b"{}")]
        first = answers[0].extensions["network_stream"]
        allow(proxy)
        answers.append(http2.post("http://localhost/predict", content=b"{}"))
    assert [(answer.status_code, answer.http_version) for answer in answers] == [(200, "HTTP/2"), (403, "HTTP/2")]
    assert answers[1].extensions["network_stream"] is first


def test_a_key_ends_with_its_last_day_without_a_run(proxy: Gateway, connection: UnixConnection) -> None:
    today = datetime.now(UTC).date()
    allow(
        proxy,
        client("now", "slip_a", expires=str(today + timedelta(days=1))),
        client("ended", "slip_b", expires=str(today - timedelta(days=1))),
    )
    assert [status(connection, x_api_key=key) for key in ("slip_a", "slip_b")] == [200, 403]
    # A moment that passes while HAProxy runs.
    end = int(datetime.now(UTC).timestamp()) + 2
    entry = (hashlib.sha256(b"slip_c").hexdigest(), f"brief {end} 0")
    proxy.runtime.replace_map(proxy.clients, [entry])
    seen: list[tuple[float, int, float]] = []
    while not seen or seen[-1][0] < end + 1:
        before = datetime.now(UTC).timestamp()
        seen.append((before, status(connection, x_api_key="slip_c"), datetime.now(UTC).timestamp()))
    assert {code for _, code, after in seen if after < end} == {200}
    # HAProxy's clock is at most a few milliseconds behind.
    assert {code for before, code, _ in seen if before > end + 0.1} == {403}


@pytest.mark.parametrize("path", ENVELOPES)
def test_a_client_over_its_limit_gets_429_and_still_its_limit(
    proxy: Gateway, connection: UnixConnection, path: str
) -> None:
    name = f"limited{path.replace('/', '-')}"
    allow(proxy, client(name, "slip_a", requests_per_second=5), client("free", "slip_b"))
    answers = [ask(connection, path, x_api_key="slip_a") for _ in range(8)]
    assert [response.status for response, _ in answers[:5]] == [200] * 5
    response, body = next(answer for answer in answers if answer[0].status != 200)
    assert (response.status, response.headers["retry-after"]) == (429, "1")
    assert "too many requests" in ENVELOPES[path](body)
    # The others are not slowed down, and health is not counted.
    assert [status(connection, path, x_api_key="slip_b") for _ in range(20)] == [200] * 20
    assert [status(connection, "/healthz", x_api_key="slip_a") for _ in range(20)] == [200] * 20
    # It never stops asking, and gets its limit all the same.
    start, served = datetime.now(UTC), 0
    while datetime.now(UTC) - start < timedelta(seconds=4):
        served += status(connection, path, x_api_key="slip_a") == 200
    assert 10 <= served <= 25


def test_a_reload_brings_no_withdrawn_key_back(proxy: Gateway, connection: UnixConnection) -> None:
    allow(proxy, client("mobile-app", "slip_a"), client("reports", "slip_b"))
    allow(proxy, client("reports", "slip_b"))
    proxy.reload()
    assert [status(connection, x_api_key=key) for key in ("slip_a", "slip_b")] == [403, 200]


def test_a_withdrawn_key_stops_in_the_process_from_before_a_reload(proxy: Gateway, connection: UnixConnection) -> None:
    allow(proxy, client("mobile-app", "slip_a"))
    assert status(connection, x_api_key="slip_a") == 200
    before = connection.sock
    proxy.reload()
    # That process answers once more on a connection that was kept, and then closes it.
    allow(proxy)
    connection.request("POST", "/predict", b"{}", {"x-api-key": "slip_a"})
    assert connection.sock is before
    response = connection.getresponse()
    assert (response.status, response.headers["connection"]) == (403, "close")


def test_many_keys_fit(proxy: Gateway, connection: UnixConnection) -> None:
    allow(proxy, *(client(f"client-{number}", f"slip_{number}") for number in range(2000)))
    assert [status(connection, x_api_key=f"slip_{number}") for number in (0, 1999)] == [200, 200]
    found = proxy.runtime.read_map(proxy.clients)
    assert found is not None
    assert len(found) == 2000


def test_readers_see_the_old_list_or_the_new_one(proxy: Gateway) -> None:
    lists = [[client(name, "slip_a"), *(client(f"{name}{i}", f"slip_{i}") for i in range(300))] for name in ("x", "y")]
    allow(proxy, *lists[0])
    done = threading.Event()
    seen: list[int] = []

    def reader() -> None:
        with contextlib.closing(proxy.connection()) as connection:
            while not done.is_set():
                seen.append(status(connection, x_api_key="slip_a"))

    thread = threading.Thread(target=reader)
    thread.start()
    for number in range(20):
        allow(proxy, *lists[number % 2])
    done.set()
    thread.join()
    assert set(seen) == {200}


def test_a_list_that_did_not_change_is_left_alone(proxy: Gateway) -> None:
    allow(proxy, client("mobile-app", "slip_a"))
    found = listed(proxy, client("mobile-app", "slip_a"))
    assert not found.is_changed()
    assert listed(proxy).is_changed()


def test_an_open_api_asks_for_no_key_and_knows_nobody(tmp_path: Path) -> None:
    with (
        serving(tmp_path),
        running(tmp_path, api_access="open") as gateway,
        contextlib.closing(gateway.connection()) as connection,
    ):
        for path in ("/predict", "/openapi.json"):
            response, got = ask(
                connection, path, x_api_key="slip_a", authorization="Bearer slip_a", x_slipway_client="b"
            )
            assert response.status == 200
            assert not {"x-api-key", "authorization", "x-slipway-client"} & {name for name, _ in got}


def test_the_log_names_the_client_and_has_no_key(proxy: Gateway, connection: UnixConnection) -> None:
    allow(proxy, client("mobile-app", "slip_logged"))
    for number, key in enumerate(("slip_logged", "slip_unknown")):
        ask(connection, f"/predict?api_key={key}", x_api_key=key, x_request_id=f"logged-{number}")

    def logged() -> list[str]:
        return [line for line in proxy.log().splitlines() if '"logged-' in line]

    deadline = time.monotonic() + 60
    while len(logged()) < 2:  # Docker reads what HAProxy writes a moment later
        assert time.monotonic() < deadline, logged()
    lines = [json.loads(line) for line in logged()]
    assert [(line["status"], line["client"]) for line in lines] == [(200, "mobile-app"), (403, "")]
    assert "slip_" not in proxy.log()
