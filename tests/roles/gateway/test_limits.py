"""templates/limits.cfg.j2, in Debian's HAProxy: what one address may ask for."""

import contextlib
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.roles.part_of_gateway import AddressedConnection, running
from tests.roles.real_gateway import Gateway
from workstation.paths import ROOT

pytestmark = pytest.mark.slow

TEMPLATES = ROOT / "roles" / "gateway" / "templates"
PER_SECOND, AT_A_TIME = 10, 4
REST = """\
{% include 'limits.cfg.j2' %}

    default_backend api
backend api from slipway
    server api unix@{{ folder }}/api.sock
"""


class Gate(BaseHTTPRequestHandler):
    """Answers at once, at /held only when the test opens it."""

    protocol_version = "HTTP/1.1"
    held = threading.Semaphore(0)
    opened = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/held":
            self.held.release()
            self.opened.wait(30)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Client(AddressedConnection):
    """A client that looks at statuses."""

    def status(self, path: str = "/") -> int:
        """Return the status of one request."""
        self.request("GET", path)
        response = self.getresponse()
        response.read()
        return response.status


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("limits")
    folder.chmod(0o755)
    settings = {"gateway_requests_per_second": PER_SECOND, "gateway_concurrent_requests": AT_A_TIME}
    with socketserver.ThreadingUnixStreamServer(str(folder / "api.sock"), Gate) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with running(folder, TEMPLATES, REST, **settings) as proxy:
            yield proxy
        server.shutdown()


def at_the_limit(client: Client) -> list[int]:
    """Return the answers to more requests than one second allows, sent within one second."""
    while True:
        start = time.monotonic()
        found = [client.status() for _ in range(PER_SECOND + 5)]
        if time.monotonic() - start < 0.9:
            return found
        time.sleep(2)


def test_an_address_gets_its_limit_and_then_429(proxy: Gateway) -> None:
    with contextlib.closing(Client(proxy.folder, "203.0.113.1")) as client:
        assert at_the_limit(client) == [200] * PER_SECOND + [429] * 5


def test_an_address_that_never_stops_asking_still_gets_its_limit(proxy: Gateway) -> None:
    with contextlib.closing(Client(proxy.folder, "203.0.113.2")) as client:
        served, start = 0, time.monotonic()
        while time.monotonic() - start < 4:
            served += client.status() == 200
        assert 2 * PER_SECOND <= served <= 5 * PER_SECOND


def test_others_are_served(proxy: Gateway) -> None:
    with contextlib.closing(Client(proxy.folder, "203.0.113.3")) as greedy:
        assert 429 in at_the_limit(greedy)
        with contextlib.closing(Client(proxy.folder, "203.0.113.4")) as other:
            assert other.status() == 200


def test_a_network_of_ipv6_is_one_client(proxy: Gateway) -> None:
    addresses = ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1"]
    clients = [Client(proxy.folder, address) for address in addresses]
    assert 429 in at_the_limit(clients[0])
    assert [client.status() for client in clients[1:]] == [429, 200]
    for client in clients:
        client.close()


def test_this_host_itself_is_not_limited(proxy: Gateway) -> None:
    with contextlib.closing(Client(proxy.folder)) as client:
        assert set(at_the_limit(client)) == {200}


def test_requests_at_a_time_are_limited_and_idle_connections_do_not_count(proxy: Gateway) -> None:
    clients = [Client(proxy.folder, "203.0.113.5") for _ in range(AT_A_TIME + 2)]
    # All are connected, and none has a request under way.
    assert [client.status() for client in clients] == [200] * len(clients)
    time.sleep(2)
    for client in clients[:AT_A_TIME]:
        client.request("GET", "/held")
        assert Gate.held.acquire(timeout=10)
    assert clients[-1].status() == 429
    Gate.opened.set()
    assert [client.getresponse().status for client in clients[:AT_A_TIME]] == [200] * AT_A_TIME
    assert clients[-1].status() == 200


def test_the_log_has_a_line_a_second_of_a_limited_address(proxy: Gateway) -> None:
    with contextlib.closing(Client(proxy.folder, "203.0.113.6")) as client:
        before = proxy.log().count("status 429")
        refused = at_the_limit(client).count(429)
        assert refused > 1
        assert 1 <= proxy.log().count("status 429") - before < refused
