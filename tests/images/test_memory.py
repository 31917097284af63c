"""The worst bodies at once, against a real limit of memory: tests/app/test_memory.py measures each of them alone."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from containers.docker import docker
from tests.app.costly import BODIES
from tests.app.encodings import INFER
from tests.app.http_client import Connection, request
from tests.images.conftest import Container
from workstation.paths import ROOT

pytestmark = pytest.mark.slow

SIZE = 8 * 1024 * 1024
MATRIX = INFER + ' {"inputs":[{"name":"features","shape":[1,8],"datatype":"FP64","data":[...]}]}'
# Those that take most, as tests/app/test_memory.py prints it.
WORST = (
    f"{MATRIX} a long text",
    f"{MATRIX} as many integers as there may be",
    "csv rows",
    "/predict {...} unknown names",
    "/invocations {...} a name given twice at the end",
)
# The kernel spreads connections over the workers by chance: with so many, each worker gets several.
CLIENTS = 16


@pytest.fixture
def container(run: Callable[..., str], models: Path) -> Container:
    """The API with the memory that a host gives it, and with no swap beyond that."""
    limit = yaml.safe_load((ROOT / "environments" / "base.yml").read_text())["api_memory"]
    options = (f"--memory={limit}", f"--memory-swap={limit}", "--publish=127.0.0.1::8000")
    started = Container(run(models, *options))
    started.wait_until_ready()
    return started


def test_no_worker_is_killed_for_want_of_memory(container: Container) -> None:
    address = (container.url.removeprefix("http://").rpartition(":")[0], int(container.url.rpartition(":")[2]))
    bodies = [
        request(worst.make(SIZE - 1000).encode()[:SIZE], worst.path, content_type=worst.content_type)
        for worst in (BODIES[name] for name in WORST)
    ]
    # What clients send and never finish: half of what all workers together keep for such.
    unfinished = [Connection(address) for _ in range(Settings().max_buffered_bytes // SIZE)]
    for connection in unfinished:
        connection.send(request(b" " * (SIZE - 1), content_length=str(SIZE)))

    def ask(body: bytes) -> int:
        """Return the status of the first answer that is not "try again": the worker has no room for the body then."""
        while True:
            with Connection(address) as connection:
                reply = connection.ask(body)
            if reply.status != 429:
                return reply.status

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(ask, bodies * 8))
    assert set(answers) <= {200, 400, 422}
    (state,) = json.loads(docker("inspect", "--format", "[{{json .State}}]", container.name))
    assert state["Running"]
    assert not state["OOMKilled"]
    assert "a worker died" not in container.log()
