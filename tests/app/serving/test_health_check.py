"""The health check asks the server where its environment makes it listen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from app.serving import health_check
from tests.app.conftest import ROOT, Server

Start = Callable[..., Server]


def test_a_server_on_a_port_is_ready(served: Server) -> None:
    host, port = served.address
    for name in (host, next(iter(health_check.LOOPBACK))):
        assert health_check.main({"SLIPWAY_HOST": name, "SLIPWAY_PORT": str(port)}) == 0


def test_a_server_on_a_socket_is_ready_and_then_gone(
    start: Start, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"SLIPWAY_SOCKET": str(tmp_path_factory.mktemp("s") / "http.sock"), "SLIPWAY_PORT": "1"}
    server = start(**environment)
    assert health_check.main(environment) == 0
    assert server.stop(signal.SIGTERM) == 0
    assert health_check.main(environment) == 1
    assert capsys.readouterr().err == "slipway: not ready: [Errno 2] No such file or directory\n"


def test_it_brings_no_numpy() -> None:
    code = "import sys, app.serving.health_check; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ).returncode == 0
