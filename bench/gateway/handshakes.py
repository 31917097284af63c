"""New TLS connections, one prediction over each: with a full handshake, or with the session of the one before."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.gateway.h2load import percentiles
from bench.gateway.processes import cpu_seconds
from bench.gateway.targets import NAME, PATH, Target
from bench.serving.bodies import CONNECTIONS
from bench.serving.disturbance import Watch
from bench.serving.wrk import LoadError

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Handshakes:
    """What one timed run saw; the times are from opening a connection to the end of its answer."""

    connections_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_connection: float
    resumed: float  # the share of connections that the gateway resumed
    others: float


def timed(target: Target, gateway: list[int], server: list[int], body: bytes, seconds: int, resume: bool) -> Handshakes:
    """Open connections for so long, as many at once as the other runs keep."""
    watch, before, behind = Watch(), cpu_seconds(gateway), cpu_seconds(server)
    started = time.perf_counter()
    clients = [Client(target, body, resume) for _ in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda client: client.run(started + seconds), clients))
    took = time.perf_counter() - started
    used = cpu_seconds(gateway) - before
    times = [each for client in clients for each in client.times_ms]
    resumed = sum(client.resumed for client in clients) / len(times)
    others = watch.others(used + cpu_seconds(server) - behind)
    return Handshakes(len(times) / took, *percentiles(times), used / len(times) * 1e6, resumed, others)


class Client:
    """Opens one connection after the other."""

    def __init__(self, target: Target, body: bytes, resume: bool) -> None:
        """A client that resumes has a first session before it is timed."""
        self._target, self._body, self._resume = target, body, resume
        self._context = ssl.create_default_context(cafile=target.ca)
        self._session: ssl.SSLSession | None = None
        self.times_ms: list[float] = []
        self.resumed = 0
        if resume:
            self.ask()

    def run(self, until: float) -> None:
        """Ask until then."""
        self.resumed = 0
        while (started := time.perf_counter()) < until:
            self.ask()
            self.times_ms.append((time.perf_counter() - started) * 1e3)

    def ask(self) -> None:
        """Make one request on a connection of its own; LoadError unless it is answered with 200."""
        with socket.create_connection(("127.0.0.1", self._target.port), TIMEOUT_SECONDS) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._context.wrap_socket(plain, server_hostname=NAME, session=self._session) as secured:
                self.resumed += bool(secured.session_reused)
                secured.sendall(self._request())
                status = _status(secured.recv)
                # A server sends its tickets after the handshake, so they have come with the answer.
                self._session = secured.session if self._resume else None
        if status != http.client.OK:
            raise LoadError(f"{self._target.name}: status {status} on a new connection, wanted 200")

    def _request(self) -> bytes:
        head = [f"POST {PATH} HTTP/1.1", f"Host: {NAME}:{self._target.port}", "Content-Type: application/json"]
        head += [f"Content-Length: {len(self._body)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode() + self._body


def _status(read: Callable[[int], bytes]) -> int:
    """Read an answer to the end of its connection; return its status."""
    answer = b""
    while part := read(65536):
        answer += part
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
