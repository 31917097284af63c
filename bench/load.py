"""Sends HTTPS requests from concurrent clients, each with its own rows, and checks every answer.

The tests of releases and faults and the benchmarks use it: `with Load(url, ca, known) as load: ...`. Afterwards
`load.wrong` must be empty, and so must `load.failed` if no server was stopped.
"""

import asyncio
import contextlib
import itertools
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import anyio
import httpcore
import httpx
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated

from bench.known import Known, Request

# The kinds of clients: HTTP/1.1 or HTTP/2, with kept-alive or new connections.
MODES = tuple(itertools.product((False, True), (True, False)))
TIMEOUT_SECONDS = 60
# The connection broke. httpx should map the second to an error of its own, but does not when it writes to closed TLS.
NO_ANSWER = (httpx.TransportError, anyio.EndOfStream)
# A server that is missing, starting, stopping or overloaded answers with these. Any other status but 200 is wrong.
AWAY = frozenset((429, 502, 503, 504))


class Load:
    """Clients that send requests until the `with` block ends. Those with kept-alive HTTP/2 share one connection."""

    def __init__(
        self,
        url: str,
        ca: Path | None,
        known: Known,
        rate: float | None = None,
        socket: Path | None = None,
        beside: "Load | None" = None,
    ) -> None:
        """`ca` is the trusted authority, `rate` the requests a second of all clients (default: as many as possible).

        `socket` is the API's own Unix socket, which speaks HTTP/1.1 only. `beside` is another load, which runs as long
        as this one, in the same thread: of two busy threads in one process, each would wait for the other.
        """
        self._url, self._known, self._socket, self._beside = url, known, socket, beside
        self._modes = [mode for mode in MODES if not (socket and mode[0])]
        # httpx stores the HTTP version in the context, so each version needs its own.
        self._contexts = {http2: ssl.create_default_context(cafile=ca) for http2 in (False, True)}
        self._pause = len(known.clients) / rate if rate else 0.0
        self._stop = threading.Event()
        # An event loop instead of a thread per client: httpx mixes up HTTP/2 streams between threads.
        self._thread = ThreadPoolExecutor(1)
        self._right = Counter[int]()
        # The versions that may answer now; None: all that are known.
        self._expected: frozenset[str] | None = None
        # Right answers by version, requests without an answer by their error, and wrong answers.
        self.served = Counter[str]()
        self.failed = Counter[str]()
        self.wrong: list[str] = []
        # Requests that were sent twice, as `given_up` explains. Their second answer counts, whatever it is.
        self.repeated = 0

    def __enter__(self) -> "Load":
        self._ended = self._thread.submit(asyncio.run, self._run())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        if self._beside:
            self._beside._stop.set()
        self._thread.shutdown()
        if error is None:
            self._ended.result()

    def expect(self, *versions: str) -> None:
        """Accept only these versions from now on. A request that was sent before may still get one of the previous."""
        self._expected = frozenset(versions)

    def more(self, count: int = 20, seconds: float = 120) -> None:
        """Wait until every client has `count` more right answers. Raises TimeoutError."""
        wanted = {client: self._right[client] + count for client in range(len(self._known.clients))}
        deadline = time.monotonic() + seconds
        while waiting := [client for client, right in wanted.items() if self._right[client] < right]:
            if self._ended.done():
                self._ended.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"clients {waiting}: fewer than {count} more right answers in {seconds} s; {self}")
            time.sleep(0.05)

    def __str__(self) -> str:
        counts = f"right: {dict(self.served)}, failed: {dict(self.failed)}, repeated: {self.repeated}"
        return f"{counts}, wrong: {len(self.wrong)} {self.wrong[:5]}"

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._all())
            if self._beside:
                tasks.create_task(self._beside._all())

    async def _all(self) -> None:
        async with self._client(False) as http1, self._client(True) as http2, asyncio.TaskGroup() as tasks:
            for client in range(len(self._known.clients)):
                tasks.create_task(self._repeat(client, {False: http1, True: http2}))

    def _client(self, http2: bool) -> httpx.AsyncClient:
        limits = httpx.Limits(keepalive_expiry=None)
        # The host is on this machine, so a proxy from the environment must not be used.
        transport = httpx.AsyncHTTPTransport(
            http2=http2,
            verify=self._contexts[http2],
            limits=limits,
            uds=str(self._socket) if self._socket else None,
            trust_env=False,
        )
        return httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)

    async def _repeat(self, client: int, shared: dict[bool, httpx.AsyncClient]) -> None:
        http2, kept = self._modes[client % len(self._modes)]
        due = time.monotonic()
        for number, request in enumerate(itertools.cycle(self._known.clients[client])):
            if self._stop.is_set():
                return
            async with contextlib.nullcontext(shared[http2]) if kept else self._client(http2) as asking:
                await self._ask(asking, client, f"{client}-{number}", request)
            # Keep to the schedule: after a slow answer the next requests follow sooner, so the rate stays.
            due += self._pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, asking: httpx.AsyncClient, client: int, name: str, request: Request) -> None:
        http2, kept = self._modes[client % len(self._modes)]
        version, expected = "HTTP/2" if http2 else "HTTP/1.1", self._expected
        headers = {"content-type": "application/json", "x-request-id": name}
        try:
            try:
                answer = await asking.post(self._url, content=request.body, headers=headers)
            except httpx.RemoteProtocolError as error:
                if not given_up(error):
                    raise
                self.repeated += 1
                answer = await asking.post(self._url, content=request.body, headers=headers)
        except NO_ANSWER as error:
            self.failed[f"{'kept' if kept else 'fresh'} {version}: {error!r}"] += 1
            return
        self._count(client, request, name, version, answer, expected)

    def _count(
        self,
        client: int,
        request: Request,
        name: str,
        version: str,
        answer: httpx.Response,
        expected: frozenset[str] | None,
    ) -> None:
        """Count an answer; `expected` are the versions that could answer when the request was sent."""
        allowed = None if expected is None or self._expected is None else expected | self._expected
        if answer.status_code in AWAY:
            self.failed[str(answer.status_code)] += 1
        elif fault := _fault(request, name, version, answer, allowed):
            self.wrong.append(f"{version} {answer.status_code}, {len(request.rows)} rows: {fault}")
        else:
            self._right[client] += 1
            self.served[answer.json()["version"]] += 1


def given_up(error: httpx.RemoteProtocolError) -> bool:
    """Whether the client gave a request up because the server announced the end of the connection (GOAWAY).

    The gateway still answers all requests of such a connection, but h2, the library below httpx, reads nothing after
    the announcement. To repeat a prediction is safe: it changes nothing (RFC 9110, 9.2.2).
    """
    cause = error.__cause__
    event = cause.args[0] if isinstance(cause, httpcore.RemoteProtocolError) and cause.args else None
    return isinstance(event, ConnectionTerminated) and event.error_code == ErrorCodes.NO_ERROR


def _fault(request: Request, name: str, version: str, answer: httpx.Response, allowed: frozenset[str] | None) -> str:
    """Return what is wrong with an answer, or "" if it is right."""
    if answer.status_code != 200:
        return repr(answer.content[:200])
    if answer.headers.get("x-request-id") != name:
        return f"request id {answer.headers.get('x-request-id')!r}, wanted {name!r}"
    if answer.http_version != version:
        return f"{answer.http_version}, wanted {version}"
    return request.fault(answer.content, allowed)
