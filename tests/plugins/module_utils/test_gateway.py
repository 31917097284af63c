"""What the gateway does with the colours, from answers like those of HAProxy."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.module_utils.slipway import gateway as gateway_module
from plugins.module_utils.slipway.gateway import Gateway, GatewayError

HEAD = "# pxname,svname,qcur,scur,status,\n"


class Runtime:
    """A runtime socket that answers `show stat` with the next of `answers`, and the last one again and again."""

    def __init__(self, path: Path) -> None:
        self.path, self.answers, self.asked = path, [""], list[str]()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(1024).decode())
                connection.sendall(self.answers[0].encode())
                del self.answers[: len(self.answers) > 1]

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = Runtime(tmp_path / "admin.sock")
    yield made
    made.close()


@pytest.fixture
def gateway(runtime: Runtime) -> Gateway:
    return Gateway(str(runtime.path))


def stat(*rows: str) -> str:
    return HEAD + "".join(f"{row},\n" for row in rows) + "\n"


def test_its_servers_are_those_of_the_api(runtime: Runtime, gateway: Gateway) -> None:
    runtime.answers = [stat("public,FRONTEND,,3,OPEN", "api,blue,0,2,UP", "api,green,0,0,DOWN", "mlflow,blue,0,0,UP")]
    assert {name: row["scur"] for name, row in gateway.servers("blue").items()} == {"api": "2"}
    assert runtime.asked == ["show stat\n"]


@pytest.mark.parametrize("wait", [Gateway.await_server, lambda gateway, colour: gateway.await_idle(colour, 1)])
def test_a_gateway_that_does_not_run_is_not_waited_for(tmp_path: Path, wait: Callable[[Gateway, str], None]) -> None:
    wait(Gateway(str(tmp_path / "nothing.sock")), "blue")


def test_a_gateway_without_the_api_is_not_waited_for(runtime: Runtime, gateway: Gateway) -> None:
    runtime.answers = [stat("public,FRONTEND,,3,OPEN")]
    gateway.await_server("blue")


def test_a_server_is_waited_for_until_the_gateway_sees_it(runtime: Runtime, gateway: Gateway) -> None:
    runtime.answers = [stat("api,blue,0,0,DOWN"), stat("api,blue,0,0,UP 1/2"), stat("api,blue,0,0,UP")]
    gateway.await_server("blue")
    assert len(runtime.asked) == 2


def test_a_server_that_the_gateway_never_sees_is_an_error(
    runtime: Runtime, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "SEEN_SECONDS", 0.1)
    runtime.answers = [stat("api,blue,0,0,DOWN")]
    with pytest.raises(GatewayError, match="sent no requests to blue"):
        gateway.await_server("blue")


def test_a_colour_is_idle_when_no_backend_has_a_request_of_it(runtime: Runtime, gateway: Gateway) -> None:
    runtime.answers = [
        stat("api,blue,0,0,UP", "api_pages,blue,0,0,UP"),
        stat("api,blue,0,1,DOWN", "api_pages,blue,0,0,DOWN"),
        stat("api,blue,0,0,DOWN", "api_pages,blue,1,0,DOWN"),
        stat("api,blue,0,0,DOWN", "api_pages,blue,0,0,DOWN"),
    ]
    gateway.await_idle("blue", 30)
    assert len(runtime.asked) == 4


def test_a_colour_that_stays_busy_is_waited_for_only_so_long(runtime: Runtime, gateway: Gateway) -> None:
    runtime.answers = [stat("api,blue,0,1,DOWN")]
    gateway.await_idle("blue", 0.1)
