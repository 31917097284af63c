"""A real HAProxy in a container, with its sockets and its configuration in a folder of the test."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from containers import images
from containers.docker import docker
from containers.labels import TESTS
from plugins.module_utils.slipway import haproxy
from tests.plugins.engine import unique

START_SECONDS = 30


class UnixConnection(http.client.HTTPConnection):
    """A connection that HTTP is spoken on, over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class AddressedConnection(UnixConnection):
    """A connection from an address of the internet, by the PROXY protocol; without one, over the host's own socket."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder / ("http.sock" if address else "own.sock"))
        self.address = address

    def connect(self) -> None:
        super().connect()
        if self.address:
            family, to = ("TCP6", "2001:db8::1") if ":" in self.address else ("TCP4", "192.0.2.1")
            self.sock.sendall(f"PROXY {family} {self.address} {to} 4000 443\r\n".encode())


class HAProxy:
    """HAProxy with the configuration in a folder, which has the same name inside of the container."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runtime = str(folder / "admin.sock")
        self.name = unique("haproxy")

    def start(self) -> None:
        """Start it, and wait until it answers. Fails with its output if it does not."""
        mount = f"type=bind,source={self.folder},target={self.folder}"
        # As root: tests do not look at rights here.
        command = ["haproxy", "-W", "-f", str(self.folder / "haproxy.cfg")]
        image = images.tag_of("host")
        options = ["--detach", "--init", "--network=none", f"--name={self.name}", f"--label={TESTS}", "--mount", mount]
        docker("run", *options, image, *command)
        until = time.monotonic() + START_SECONDS
        while not self.answers():
            output = docker("logs", self.name)
            assert time.monotonic() < until, output
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the process listens on its runtime socket."""
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            probe.connect(self.runtime)
            return True
        return False

    def reload(self) -> None:
        """Reload the configuration, and wait until the new process answers."""
        before = self._pid()
        docker("kill", "--signal=USR2", self.name)
        until = time.monotonic() + START_SECONDS
        while self._pid() == before:
            assert time.monotonic() < until, docker("logs", self.name)
            time.sleep(0.05)

    def _pid(self) -> str:
        lines = haproxy.ask(self.runtime, "show info").splitlines()
        return next(line for line in lines if line.startswith("Pid:"))

    def connection(self) -> UnixConnection:
        return UnixConnection(self.folder / "http.sock")

    def stop(self) -> None:
        docker("rm", "--force", self.name)


GLOBAL = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
defaults slipway
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend test from slipway
    bind unix@{folder}/http.sock mode 600
    bind unix@{folder}/http2.sock mode 600 proto h2
    http-request set-var(txn.envelope) str(native)
    http-request set-var(txn.envelope) str(mlflow) if {{ path /invocations }}
    http-request set-var(txn.envelope) str(v2) if {{ path /v2 }} || {{ path_beg /v2/ }}
    default_backend api
"""


@contextlib.contextmanager
def running(folder: Path, backend: str) -> Iterator[HAProxy]:
    """HAProxy with this backend, called `api`, behind one frontend."""
    with running_whole(folder, GLOBAL.format(folder=folder) + backend) as proxy:
        yield proxy


@contextlib.contextmanager
def running_whole(folder: Path, configuration: str) -> Iterator[HAProxy]:
    """HAProxy with this configuration."""
    images.make("host")
    (folder / "haproxy.cfg").write_text(configuration)
    proxy = HAProxy(folder)
    try:
        proxy.start()
        yield proxy
    finally:
        proxy.stop()
