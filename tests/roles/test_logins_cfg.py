"""roles/mlflow/templates/mlflow.cfg.j2, with a real HAProxy: how often an address may try a password."""

import base64
import contextlib
import http.client
import shutil
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest
import yaml

from tests.roles.part_of_gateway import AddressedConnection, running
from tests.roles.real_gateway import Gateway
from workstation.paths import ROOT

pytestmark = pytest.mark.slow

ROLE = ROOT / "roles" / "mlflow"
VARS: dict[str, Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
SLOWED, BLOCKED = VARS["_mlflow_failures_slowed"], VARS["_mlflow_failures_blocked"]
RIGHT = "right"
LUA = "limit_logins.lua"
REST = """\
    default_backend mlflow
{% include 'mlflow.cfg.j2' %}

"""


class Login(BaseHTTPRequestHandler):
    """Checks passwords as MLflow does, each for a while, and counts the wrong ones."""

    protocol_version = "HTTP/1.1"
    wrong: ClassVar[list[str]] = []
    most_at_a_time = 0
    at_a_time = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" or self.check() else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def check(self) -> bool:
        """Whether the password is right."""
        header = self.headers.get("authorization")
        if header is None:
            return False
        cls = type(self)
        password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
        with cls.lock:
            cls.at_a_time += 1
            cls.most_at_a_time = max(cls.most_at_a_time, cls.at_a_time)
        time.sleep(0.05)
        with cls.lock:
            cls.at_a_time -= 1
            if password != RIGHT:
                cls.wrong.append(password)
        return password == RIGHT

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(socketserver.ThreadingUnixStreamServer):
    """Accepts as many connections as HAProxy opens."""

    request_queue_size = 100
    daemon_threads = True


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("logins")
    folder.chmod(0o755)
    (folder / "haproxy").mkdir()
    shutil.copy(ROLE / "files" / LUA, folder / "haproxy")
    variables = VARS | {"_mlflow_port": f"unix@{folder}/mlflow.sock"}
    with Server(str(folder / "mlflow.sock"), Login) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with running(folder, ROLE / "templates", REST, **variables) as proxy:
            yield proxy
        server.shutdown()


@pytest.fixture(autouse=True)
def counted() -> None:
    Login.wrong.clear()
    Login.most_at_a_time = 0


def ask(proxy: Gateway, address: str, password: str, path: str = "/mlflow/") -> http.client.HTTPResponse:
    """Return the answer to one request."""
    login = base64.b64encode(f"admin:{password}".encode()).decode()
    with contextlib.closing(AddressedConnection(proxy.folder, address)) as connection:
        connection.request("GET", path, headers={"authorization": f"Basic {login}"})
        response = connection.getresponse()
        response.read()
        return response


def fail(proxy: Gateway, address: str, times: int, name: str = "wrong") -> list[int]:
    """Return the answers to wrong passwords, tried all at once."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(lambda number: ask(proxy, address, f"{name}-{number}").status, range(times)))


def test_a_right_password_works_and_many_requests_with_it_at_once(proxy: Gateway) -> None:
    start = time.monotonic()
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: ask(proxy, "203.0.113.1", RIGHT).status, range(60)))
    assert answers == [200] * 60
    # One waits until the first login was checked; none waits a second.
    assert time.monotonic() - start < 1 + 60 * 0.05
    assert Login.most_at_a_time > 1


@pytest.mark.parametrize("address", ["203.0.113.2", "2001:db8:2::1"])
def test_forty_wrong_passwords_at_once_cost_twenty_checks_one_at_a_time(proxy: Gateway, address: str) -> None:
    start = time.monotonic()
    answers = fail(proxy, address, 40)
    assert sorted(answers) == [401] * BLOCKED + [429] * (40 - BLOCKED)
    assert len(Login.wrong) == BLOCKED
    assert Login.most_at_a_time == 1
    assert time.monotonic() - start > BLOCKED - SLOWED
    # Also the right password, which the next guess could be.
    refused = ask(proxy, address, RIGHT)
    assert (refused.status, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert ask(proxy, "203.0.113.99", RIGHT).status == 200


def test_a_few_wrong_passwords_cost_their_sender_nothing_and_then_a_second_each(proxy: Gateway) -> None:
    address = "203.0.113.3"
    start = time.monotonic()
    assert fail(proxy, address, SLOWED) == [401] * SLOWED
    assert time.monotonic() - start < 1
    start = time.monotonic()
    assert ask(proxy, address, RIGHT).status == 200
    assert time.monotonic() - start > 1
    # It is known from now on.
    start = time.monotonic()
    assert ask(proxy, address, RIGHT).status == 200
    assert time.monotonic() - start < 1
    # And it has reset nothing.
    start = time.monotonic()
    assert ask(proxy, address, "wrong").status == 401
    assert time.monotonic() - start > 1


@pytest.mark.parametrize("path", ["/mlflow/health", "/mlflow/%68ealth", "/mlflow/health?x"])
def test_an_answer_without_a_check_makes_no_login_known(proxy: Gateway, path: str) -> None:
    address = f"203.0.113.{100 + len(path)}"
    for number in range(8):
        ask(proxy, address, f"wrong-{number}", path)
    Login.most_at_a_time = 0
    assert fail(proxy, address, 8) == [401] * 8
    assert Login.most_at_a_time == 1


def test_requests_without_a_login_are_no_failures(proxy: Gateway) -> None:
    for _ in range(BLOCKED + 1):
        with contextlib.closing(AddressedConnection(proxy.folder, "203.0.113.5")) as connection:
            connection.request("GET", "/mlflow/")
            assert connection.getresponse().status == 401
    assert ask(proxy, "203.0.113.5", RIGHT).status == 200


def test_this_host_itself_is_not_limited(proxy: Gateway) -> None:
    assert fail(proxy, "", BLOCKED + 5) == [401] * (BLOCKED + 5)
    assert ask(proxy, "", RIGHT).status == 200
