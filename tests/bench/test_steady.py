"""The clients with a steady rate count what a server answers on kept connections."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest

from bench.bundle import Bundle
from bench.known import Known, Request
from bench.steady import Steady

RATE = 400.0
Answer = Callable[[Request, int], bytes]


@pytest.fixture(scope="module")
def known(small_bundle: Bundle) -> Known:
    return Known({"7": small_bundle.folder}, clients=2)


def response(request: Request, name: str, headers: str = "") -> bytes:
    content = orjson.dumps({"version": "7", "predictions": request.predictions["7"].tolist()})
    head = f"HTTP/1.1 200 OK\r\nx-request-id: {name}\r\ncontent-length: {len(content)}\r\n{headers}\r\n"
    return head.encode() + content


class Server:
    """Answers each request with what a function returns for it; empty: the connection ends. It counts connections."""

    def __init__(self, known: Known, answer: Callable[[Request, str], bytes]) -> None:
        self.requests = {request.body: request for client in known.clients for request in client}
        self.answer = answer
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := (await read_head(reader)):
            body = await reader.readexactly(int(head["content-length"]))
            made = self.answer(self.requests[body], head["x-request-id"])
            writer.write(made)
            if not made or b"connection: close" in made:
                break
        writer.close()


async def read_head(reader: asyncio.StreamReader) -> dict[str, str]:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
    except asyncio.IncompleteReadError:
        return {}
    return dict(line.split(": ", 1) for line in lines)


@contextmanager
def serving(server: Server) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/predict"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()


def test_right_answers_are_counted_on_one_connection_for_each_client(known: Known) -> None:
    server = Server(known, response)
    with serving(server) as url, Steady(url, None, known, RATE) as load:
        load.more(20)
    assert load.served["7"] >= 40
    assert not load.failed
    assert not load.wrong
    assert server.connections == 2


def test_it_runs_beside_another_load_and_ends_with_it(known: Known) -> None:
    servers = [Server(known, response), Server(known, response)]
    with serving(servers[0]) as one, serving(servers[1]) as other:
        beside = Steady(one, None, known, RATE)
        with Steady(other, None, known, RATE, beside) as load:
            load.more(5)
            while beside.served.total() < 10:
                time.sleep(0.01)
    assert all(server.connections == 2 for server in servers)
    assert not beside.failed
    assert not load.failed


def test_a_connection_that_the_server_closed_with_an_answer_is_opened_again(known: Known) -> None:
    server = Server(known, lambda request, name: response(request, name, "connection: close\r\n"))
    with serving(server) as url, Steady(url, None, known, RATE) as load:
        load.more(5)
    assert not load.failed
    assert server.connections >= 10


def test_answers_that_are_missing_or_cut_off_have_failed_and_the_next_ones_are_right(known: Known) -> None:
    answers = iter([b"", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n"])

    def answer(request: Request, name: str) -> bytes:
        made = next(answers, None)
        return response(request, name) if made is None else made + (b"" if not made else b"connection: close")

    with serving(Server(known, answer)) as url, Steady(url, None, known, RATE) as load:
        load.more(5)
    assert load.failed.total() == 3
    assert not load.wrong


def test_another_requests_answer_is_wrong(known: Known) -> None:
    other = known.clients[1][0]
    with (
        serving(Server(known, lambda _, name: response(other, name))) as url,
        Steady(url, None, known, RATE) as load,
    ):
        while len(load.wrong) < 5:
            time.sleep(0.01)
    assert load.wrong


def test_the_rate_is_kept(known: Known) -> None:
    with serving(Server(known, response)) as url:
        started = time.monotonic()
        with Steady(url, None, known, 20) as load:
            load.more(10)
    # Ten requests of each of two clients, the first at once: at most nine pauses of a tenth of a second.
    assert time.monotonic() - started >= 0.9
    assert load.served.total() <= 24
