"""A release in steps with a real HAProxy (roles/api/templates/shares.cfg.j2), and servers that are worse on purpose."""

import contextlib
import hashlib
import http.client
import re
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from plugins.module_utils.slipway.answers import Answers, Watch
from plugins.module_utils.slipway.colours import Colours
from plugins.module_utils.slipway.deployment import DeploymentError
from plugins.module_utils.slipway.gateway import Gateway as Runtime
from plugins.module_utils.slipway.progress import HEADER, Progress
from plugins.modules.slipway_clients import Clients
from tests.plugins.modules import test_slipway_release
from tests.plugins.modules.test_slipway_release import Host
from tests.roles.real_gateway import Gateway, running

pytestmark = pytest.mark.slow

host = test_slipway_release.host
STEPS = [{"percent": 20, "seconds": 4}, {"percent": 50, "seconds": 2}]
CLIENTS, RATE = 8, 150
USUAL_SECONDS = 0.01


class Server(socketserver.ThreadingUnixStreamServer):
    """A server in place of a colour's API. `behave(n)` is called for its n-th request and returns a status, or 0."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        super().__init__(str(folder / "http.sock"), Answer)
        (folder / "http.sock").chmod(0o666)
        self.behave: Callable[[int], int] = healthy
        self.asked = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    """Answers as its server behaves; with status 0, closes the connection without an answer."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked += 1
        status = self.server.behave(self.server.asked)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def healthy(_number: int) -> int:
    time.sleep(USUAL_SECONDS)
    return 200


def slow(_number: int) -> int:
    time.sleep(3 * USUAL_SECONDS)
    return 200


def failing(number: int) -> int:
    time.sleep(USUAL_SECONDS)
    return 200 if number % 20 else 500


def dropping(number: int) -> int:
    time.sleep(USUAL_SECONDS)
    return 200 if number % 10 else 0


@pytest.fixture
def gateway(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway in front of the host's two colours."""
    prepare = Colours.prepare

    def prepare_for_all(self: Colours, colour: str, gid: int) -> None:
        prepare(self, colour, gid)
        # HAProxy's user in the container is not this computer's.
        for name in ("", "serving", colour):
            Path(self.path(name)).chmod(0o755)

    monkeypatch.setattr(Colours, "prepare", prepare_for_all)
    (host.folder / "api").mkdir()
    with running(host.folder, api_access="open", release_steps=STEPS, gateway_requests_per_second=10**6) as gateway:
        yield gateway


@pytest.fixture
def servers(host: Host, gateway: Gateway) -> Iterator[dict[str, Server]]:
    made = {colour: Server(host.folder / "api" / colour) for colour in ("blue", "green")}
    yield made
    for server in made.values():
        server.shutdown()


@contextlib.contextmanager
def load(gateway: Gateway) -> Iterator[Counter[int]]:
    """Send requests at a rate over kept connections; yield how many answers had which status."""
    statuses, done = Counter[int](), threading.Event()

    def client() -> None:
        due = time.monotonic()
        with contextlib.closing(gateway.connection()) as connection:
            while not done.is_set():
                connection.request("POST", "/predict", b"{}")
                with connection.getresponse() as response:
                    response.read()
                statuses[response.status] += 1
                due += CLIENTS / RATE
                done.wait(max(0.0, due - time.monotonic()))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        done.set()
        for thread in threads:
            thread.join()


def release(host: Host, gateway: Gateway, number: int) -> dict[str, Any]:
    own = {"gateway": gateway.runtime.socket, "master": gateway.master, "shares": gateway.shares}
    return host.release(number) | own | {"steps": STEPS, "drain_seconds": 2}


def refusal(host: Host, gateway: Gateway, number: int) -> str:
    """Release in vain; return the reason."""
    with pytest.raises(DeploymentError) as raised:
        host.converge(release(host, gateway, number))
    print(raised.value)
    assert gateway.runtime.read_map(gateway.shares) == []
    assert Path(gateway.shares).read_text() == HEADER
    return str(raised.value)


def test_a_release_goes_forward_if_it_is_healthy_and_back_if_it_is_worse(
    host: Host, gateway: Gateway, servers: dict[str, Server]
) -> None:
    host.converge(release(host, gateway, 1))
    assert servers["blue"].asked == servers["green"].asked == 0
    with load(gateway) as statuses:
        steps = host.converge(release(host, gateway, 2))["steps"]
        print(*steps, sep="\n")
        assert len(steps) == 2
        assert all(step.endswith("no worse") for step in steps)
        assert host.serving() == host.name(release(host, gateway, 2))
        assert set(statuses) == {200}

        # Blue is the next one to be new.
        servers["blue"].behave, servers["blue"].asked = failing, 0
        reason = refusal(host, gateway, 3)
        assert re.search(
            r": at 20% of the requests, \d+ of \d+ failed \(\d\.\d%\), with the previous release 0 of", reason
        )
        found = re.search(r"; (\d+) requests met it; the previous release keeps serving$", reason)
        assert found
        met = int(found[1])
        assert met == servers["blue"].asked
        assert 50 <= met < 150
        assert statuses[500] == met // 20

        servers["blue"].behave, servers["blue"].asked = slow, 0
        reason = refusal(host, gateway, 4)
        assert re.search(r"an answer takes \d+\.\d ms on average, .*: \d\.\d times as long; limit: 2 times", reason)
        assert f"; {servers['blue'].asked} requests met it; " in reason

        # Clients see nothing of it, because HAProxy repeats the requests.
        servers["blue"].behave, servers["blue"].asked = dropping, 0
        assert " failed (" in refusal(host, gateway, 5)
    assert set(statuses) == {200, 500}
    assert host.serving() == host.name(release(host, gateway, 2))


def test_shares_are_kept_and_a_colour_that_is_down_is_passed_over(
    host: Host, gateway: Gateway, servers: dict[str, Server]
) -> None:
    colours = Colours(host.engine, str(host.folder / "api"))
    for colour in servers:
        colours.prepare(colour, 0)
        colours.publish(colour)
    settings = release(host, gateway, 1)
    progress = Progress(settings, "green", "blue")
    assert progress.begin()
    with contextlib.closing(gateway.connection()) as connection:

        def ask(count: int) -> Counter[str]:
            before = {colour: server.asked for colour, server in servers.items()}
            for _ in range(count):
                assert post(connection) == 200
            return Counter({colour: server.asked - before[colour] for colour, server in servers.items()})

        for colour in servers:
            Runtime(gateway.runtime.socket).await_server(colour)
        assert ask(100) == {"blue": 100, "green": 0}
        progress.share(30)
        shared = ask(300)
        assert 55 <= shared["green"] <= 125
        # A reload keeps them.
        gateway.reload()
        assert 55 <= ask(300)["green"] <= 125
        watch = Watch(gateway.master)
        servers["green"].behave = failing
        progress.share(100)
        assert ask_statuses(connection, 40) == {200: 38, 500: 2}
        watch.look()
        assert (watch.total["green"].count, watch.total["green"].failed, watch.total["green"].timed) == (40, 2, 40)
        assert 10 <= watch.total["green"].mean_ms < 30
        assert watch.total.get("blue", Answers()).count == 0
        # Blue takes what was drawn for green.
        servers["green"].behave = healthy
        colours.unpublish("green")
        deadline = time.monotonic() + 10
        while ask(1)["green"]:
            assert time.monotonic() < deadline
        assert ask(20) == {"blue": 20, "green": 0}


def post(connection: http.client.HTTPConnection, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    connection.request("POST", "/predict", b"{}", dict(headers))
    with connection.getresponse() as response:
        response.read()
    return response.status


def ask_statuses(connection: http.client.HTTPConnection, count: int) -> Counter[int]:
    return Counter(post(connection) for _ in range(count))


def test_a_client_over_its_limit_still_gets_429(host: Host, gateway: Gateway, servers: dict[str, Server]) -> None:
    # Its counter has another number than without steps.
    key = {"sha256": hashlib.sha256(b"slip_a").hexdigest()}
    Clients([{"name": "mobile-app", "keys": [key], "requests_per_second": 5}], gateway.clients, gateway.master).apply()
    gateway.configure(api_access="keys", release_steps=STEPS)
    gateway.reload()
    host.converge(release(host, gateway, 1))
    with contextlib.closing(gateway.connection()) as connection:
        assert post(connection) == 401
        found = [post(connection, {"x-api-key": "slip_a"}) for _ in range(8)]
    assert found[:5] == [200] * 5
    assert 429 in found
    assert servers["blue"].asked == found.count(200)
