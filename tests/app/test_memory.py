"""The worst legal and illegal bodies, and the memory that the container may have.

Each alone, and measured: VmHWM is what the kernel would hold a limit against, except that it counts a page shared by
two processes twice. tests/images/test_memory.py has the dearest of them at once, against a limit that the kernel
enforces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from tests.app.conftest import ROOT, Server
from tests.app.costly import BODIES, Costly
from tests.app.http_client import Connection, ask, request

SIZE = 8 * 1024 * 1024
MEGABYTE = 1024 * 1024
WORKERS = 2
# The metrics' files, in shared memory.
METRICS = 16 * MEGABYTE


def peak(pid: int) -> int:
    """Return the most bytes that the process has held since it began or was last forgotten."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Server]:
    """A worker with as much of unfinished bodies as there is room for beside one more.

    One worker, so that it is the one which gets each body; the container has two, both at their worst.
    """
    settings = {"SLIPWAY_WORKERS": "1", "SLIPWAY_BODY_TIMEOUT_SECONDS": "3600"}
    running = Server({"SLIPWAY_MODELS": f"california@7={bundle}", **settings})
    connections = [Connection(running.address) for _ in range(Settings().max_buffered_bytes // SIZE - 1)]
    for connection in connections:
        connection.send(request(b" " * (SIZE - 1), content_length=str(SIZE)))
    yield running
    for connection in connections:
        assert connection.quiet()
        connection.close()
    running.stop()


def limit() -> int:
    """Return the container's memory, in bytes, as an environment that sets nothing has it."""
    memory = yaml.safe_load((ROOT / "environments" / "base.yml").read_text())["api_memory"]
    return int(memory.removesuffix("m")) * MEGABYTE


@pytest.mark.long
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_two_workers_at_the_worst_body_stay_within_the_container_s_memory(server: Server, body: Costly) -> None:
    (pid,) = server.workers
    data = body.make(SIZE - 1000).encode()[:SIZE]
    forget(pid)
    reply = ask(server.address, request(data, path=body.path, content_type=body.content_type))
    assert reply.status in (200, 400, 422)
    assert server.workers == [pid]
    print(f"{peak(pid) / MEGABYTE:.0f} MB in the worker, {peak(server.process.pid) / MEGABYTE:.0f} MB in its parent")
    assert peak(server.process.pid) + WORKERS * peak(pid) + METRICS < limit()
