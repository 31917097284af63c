"""Starts a server under test, waits for its first answer, and stops it with all its workers."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import numpy as np

from bench import answers, process_tree
from bench.serving.targets import Target

# These limits only end a hang.
START_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.002
# Both `app` and `bench` are run from the checkout, never installed.
CHECKOUT = Path(__file__).parents[2]


class StartError(RuntimeError):
    """The server ended or did not answer. The message has the end of its log."""


class Server:
    """Runs a target on a free port of loopback until the `with` block ends."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.name = target.name
        self.port = free_port()
        self.log = folder / f"{target.name}.log"
        self._environment = target.environment(self.port, folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def __enter__(self) -> "Server":
        self._started = time.perf_counter()
        with self.log.open("ab") as log:
            # A new session: workers survive a killed parent and keep the port, so they need the signal too.
            self._process = subprocess.Popen(  # noqa: S603  # our own command, no shell
                self.target.command(self.port),
                cwd=CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        group = process_tree.tree(self.pid)
        self._signal_group(signal.SIGTERM)
        # No worker may survive, even if the first process ignored the signal.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self._signal_group(signal.SIGKILL)
        self.process.wait()
        # A worker that is still ending would disturb the next measurement.
        deadline = time.perf_counter() + STOP_SECONDS
        while any(map(process_tree.alive, group)) and time.perf_counter() < deadline:
            time.sleep(POLL_SECONDS)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise StartError(f"{self.name} was not started")
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.target.path}"

    def wait_for_answer(self, body: bytes, expected: np.ndarray) -> float:
        """Seconds from exec to the first answer; WrongAnswer if it is not XGBoost's, StartError if none comes."""
        while time.perf_counter() - self._started < START_SECONDS:
            if self.process.poll() is not None:
                raise StartError(f"{self.name} ended with {self.process.returncode}: {self._log_tail()}")
            try:
                status, answer = answers.ask(self.port, self.target.path, body)
            except OSError:
                time.sleep(POLL_SECONDS)
                continue
            took = time.perf_counter() - self._started
            if status != 503:  # it is not ready yet
                answers.require_equal(self.name, status, answer, expected)
                return took
        raise StartError(f"{self.name} did not answer within {START_SECONDS} s: {self._log_tail()}")

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self.pid, number)

    def _log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-2_000:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
