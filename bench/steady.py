"""Many requests a second from few processor cycles: single rows over kept HTTP/1.1 connections, without httpx.

A release needs the processors that the clients share with it. httpx takes a millisecond and more for a request.
"""

import asyncio
import itertools
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.known import Known
from bench.load import TIMEOUT_SECONDS, Load

VERSION = "HTTP/1.1"
LONGEST_HEADER = 1 << 16


class Connection:
    """A connection of HTTP/1.1, opened again where the server closed it with its last answer."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        """Nothing is opened yet."""
        self._url, self._context = urlsplit(url), context
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, name: str) -> httpx.Response:
        """Return the answer; raises OSError, EOFError or ValueError if there is none that can be read."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._post(body, name)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection if it is open."""
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def _post(self, body: bytes, name: str) -> httpx.Response:
        if self._streams is None:
            tls = self._context if self._url.scheme == "https" else None
            self._streams = await asyncio.open_connection(
                self._url.hostname, self._url.port, ssl=tls, limit=LONGEST_HEADER
            )
        reader, writer = self._streams
        head = f"POST {self._url.path} HTTP/1.1\r\nhost: {self._url.netloc}\r\nx-request-id: {name}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        version, code, *_ = status.split(" ")
        return httpx.Response(
            int(code), headers=headers, content=content, extensions={"http_version": version.encode()}
        )


class Steady(Load):
    """Clients that keep one connection each and send single rows at a rate."""

    def __init__(self, url: str, ca: Path | None, known: Known, rate: float, beside: Load | None = None) -> None:
        """`rate` is the requests a second of all clients."""
        super().__init__(url, ca, known, rate, beside=beside)

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for client in range(len(self._known.clients)):
                tasks.create_task(self._keep(client))

    async def _keep(self, client: int) -> None:
        connection = Connection(self._url, self._contexts[False])
        requests = [request for request in self._known.clients[client] if len(request.rows) == 1]
        due = time.monotonic()
        for number, request in enumerate(itertools.cycle(requests)):
            if self._stop.is_set():
                break
            name, expected = f"steady-{client}-{number}", self._expected
            try:
                answer = await connection.post(request.body, name)
            except (OSError, EOFError, ValueError, KeyError) as error:
                self.failed[f"steady {VERSION}: {error!r}"] += 1
            else:
                self._count(client, request, name, VERSION, answer, expected)
            # No faster after a slow answer: on a busy machine that would keep a release from the processors.
            due = max(due + self._pause, time.monotonic())
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        connection.close()
