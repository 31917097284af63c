"""Load over HTTPS by concurrent clients, each with rows of its own, that holds every answer to be its request's own.

What the tests of releases and of faults use, and the benchmarks: `with Load(url, ca, known) as load: ...`, and then
`load.wrong` has to be empty, and `load.failed` too where nothing was being stopped.
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

import httpx

from bench.known import Known, Request

# Each client is one of these: HTTP/2 or HTTP/1.1, over connections that are kept or fresh ones.
MODES = tuple(itertools.product((False, True), (True, False)))
TIMEOUT_SECONDS = 60
# The answers of something that is away, starting, ending or too busy; any other than these and 200 is a wrong one.
AWAY = frozenset((429, 502, 503, 504))


class Load:
    """Clients that ask until the end of the `with` block; clients over kept HTTP/2 connections share one."""

    def __init__(
        self, url: str, ca: Path | None, known: Known, rate: float | None = None, socket: Path | None = None
    ) -> None:
        """`ca` is the authority to trust; `rate` is the requests a second of all clients, else as many as they can.

        `socket` is where the API itself listens: it speaks HTTP/1.1 only.
        """
        self._url, self._known, self._socket = url, known, socket
        self._modes = [mode for mode in MODES if not (socket and mode[0])]
        # httpx sets the versions of HTTP in the context, so that each needs one of its own.
        self._contexts = {http2: ssl.create_default_context(cafile=ca) for http2 in (False, True)}
        self._pause = len(known.clients) / rate if rate else 0.0
        self._stop = threading.Event()
        # An event loop rather than a thread for each client: httpx mixes up the streams of HTTP/2 among threads.
        self._thread = ThreadPoolExecutor(1)
        self._right = Counter[int]()
        # Right answers by version, requests without an answer by what came instead, and answers that are wrong.
        self.served = Counter[str]()
        self.failed = Counter[str]()
        self.wrong: list[str] = []

    def __enter__(self) -> "Load":
        self._ended = self._thread.submit(asyncio.run, self._all())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.shutdown()
        if error is None:
            self._ended.result()

    def more(self, count: int = 20, seconds: float = 120) -> None:
        """Return when every client has had `count` more right answers; raises TimeoutError."""
        wanted = {client: self._right[client] + count for client in range(len(self._known.clients))}
        deadline = time.monotonic() + seconds
        while waiting := [client for client, right in wanted.items() if self._right[client] < right]:
            if self._ended.done():
                self._ended.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"clients {waiting}: no {count} right answers in {seconds} s; {self}")
            time.sleep(0.05)

    def __str__(self) -> str:
        return f"right: {dict(self.served)}, failed: {dict(self.failed)}, wrong: {len(self.wrong)} {self.wrong[:5]}"

    async def _all(self) -> None:
        async with self._client(False) as http1, self._client(True) as http2, asyncio.TaskGroup() as tasks:
            for client in range(len(self._known.clients)):
                tasks.create_task(self._run(client, {False: http1, True: http2}))

    def _client(self, http2: bool) -> httpx.AsyncClient:
        limits = httpx.Limits(keepalive_expiry=None)
        # Not through a proxy that the environment names: the host is on this machine.
        transport = httpx.AsyncHTTPTransport(
            http2=http2,
            verify=self._contexts[http2],
            limits=limits,
            uds=str(self._socket) if self._socket else None,
            trust_env=False,
        )
        return httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)

    async def _run(self, client: int, shared: dict[bool, httpx.AsyncClient]) -> None:
        http2, kept = self._modes[client % len(self._modes)]
        due = time.monotonic()
        for number, request in enumerate(itertools.cycle(self._known.clients[client])):
            if self._stop.is_set():
                return
            async with contextlib.nullcontext(shared[http2]) if kept else self._client(http2) as asking:
                await self._ask(asking, client, f"{client}-{number}", request)
            # Against the clock: a slow answer makes the next ones come sooner, not fewer.
            due += self._pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, asking: httpx.AsyncClient, client: int, name: str, request: Request) -> None:
        http2, kept = self._modes[client % len(self._modes)]
        version = "HTTP/2" if http2 else "HTTP/1.1"
        headers = {"content-type": "application/json", "x-request-id": name}
        try:
            answer = await asking.post(self._url, content=request.body, headers=headers)
        except httpx.TransportError as error:
            self.failed[f"{'kept' if kept else 'fresh'} {version}: {type(error).__name__}"] += 1
            return
        if answer.status_code in AWAY:
            self.failed[str(answer.status_code)] += 1
        elif fault := _fault(request, name, version, answer):
            self.wrong.append(f"{version} {answer.status_code}, {len(request.rows)} rows: {fault}")
        else:
            self._right[client] += 1
            self.served[answer.json()["version"]] += 1


def _fault(request: Request, name: str, version: str, answer: httpx.Response) -> str:
    """Return what is wrong with an answer, "" where it is right."""
    if answer.status_code != 200:
        return repr(answer.content[:200])
    if answer.headers.get("x-request-id") != name:
        return f"request id {answer.headers.get('x-request-id')!r}, wanted {name!r}"
    if answer.http_version != version:
        return f"{answer.http_version}, wanted {version}"
    return request.fault(answer.content)
