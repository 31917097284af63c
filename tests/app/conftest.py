"""Bundles, applications and running servers for the tests of `app`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import orjson
import pytest

from app import model
from app.metrics import Metrics
from app.prediction.predictions import Predictions
from app.settings import ModelSource, Settings, sources
from tests.app import bundles
from tests.app.asgi_client import AsgiClient
from tests.app.known import Known

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with California's signature."""
    features, target = bundles.california()
    return bundles.write(
        tmp_path_factory.mktemp("bundle") / "california", bundles.train(features, target), features[:60]
    )


@pytest.fixture(scope="session")
def known(bundle: Path) -> Known:
    """The bundle's rows whose answers are known."""
    return Known(bundle)


def predictions_of(*named: tuple[str, str, Path], **settings: Any) -> Predictions:
    """Return Predictions for bundles given as (name, version, path), the first of them the default."""
    models = tuple(ModelSource(*one) for one in named)
    chosen = Settings(models=models, **{"default_model": named[0][0], **settings})
    loaded = [model.load(source, model.read(source), chosen) for source in sources(chosen)]
    return Predictions(chosen, loaded, Metrics())


@pytest.fixture
def predictions(bundle: Path) -> Predictions:
    return predictions_of(("california", "7", bundle))


@pytest.fixture
def client(predictions: Predictions) -> AsgiClient:
    return AsgiClient(predictions)


class Server:
    """`python -m app` as a process of its own, with its log."""

    def __init__(self, environment: dict[str, str]) -> None:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env={**inherited, "OMP_NUM_THREADS": "1", "SLIPWAY_PORT": "0", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.log: list[dict[str, Any]] = []
        self._lines: Queue[dict[str, Any]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url: str = self.wait_for("serving")["url"]

    @property
    def address(self) -> Any:
        """What a Connection takes: host and port, or a Unix socket's path."""
        if self.url.startswith("unix:"):
            return self.url.removeprefix("unix:")
        host, port = re.fullmatch(r"http://(.*):(\d+)", self.url).groups()  # type: ignore[union-attr]
        return host, int(port)

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    @property
    def resident(self) -> int:
        """The bytes of memory that the only worker holds."""
        pages = Path(f"/proc/{self.workers[0]}/statm").read_text().split()[1]
        return int(pages) * 4096

    def wait_for(self, message: str) -> dict[str, Any]:
        """Return the next log entry with this message; fails with the log where the process ends before it."""
        while True:
            try:
                entry = self._lines.get(timeout=START_SECONDS)
            except Empty:
                pytest.fail(f"no {message!r} in the server's log within {START_SECONDS} s: {self.log}")
            if entry["message"] == message:
                return entry
            if entry["message"] == "end of the log":
                pytest.fail(f"the server ended before {message!r}: {self.log}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the server; return its exit status. The log is complete then."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(START_SECONDS)
        finally:
            self._kill()
            self._reader.join(START_SECONDS)

    def _kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            entry = orjson.loads(line) if line.startswith(b"{") else {"message": line.decode()}
            self.log.append(entry)
            self._lines.put(entry)
        self._lines.put({"message": "end of the log"})


@pytest.fixture
def start(bundle: Path) -> Iterator[Callable[..., Server]]:
    """Start a server of the bundle, with more of its environment as keywords; each is stopped in the end."""
    running: list[Server] = []

    def started(**environment: str) -> Server:
        defaults = {"SLIPWAY_MODELS": f"california@7={bundle}", "SLIPWAY_DRAIN_SECONDS": "1"}
        server = Server({**defaults, **environment})
        running.append(server)
        return server

    yield started
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def served(bundle: Path) -> Iterator[Server]:
    """A running server of the bundle, all a module's."""
    server = Server({"SLIPWAY_MODELS": f"california@7={bundle}"})
    yield server
    server.stop()
