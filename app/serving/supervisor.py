"""The supervisor: forks a process for each worker, watches and replaces them, and drains them at the end.

It keeps the listening sockets open: connections in a dead worker's queue are not reset, but answered by the process
that replaces it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from app.serving.heartbeats import BEAT_SECONDS, Heartbeats
from app.serving.sockets import Listener

log = logging.getLogger("slipway")

END = {signal.SIGTERM, signal.SIGINT}
SIGNALS = {*END, signal.SIGCHLD, signal.SIGALRM}
STARTUP_FAILED = 3
# A worker that lived this long is not in a crash loop: it is replaced at once.
HEALTHY_SECONDS = 30.0
MAX_BACKOFF_SECONDS = 16.0
# Loading a large model from a cold disk may take this many times the silence that is allowed later.
START_FACTOR = 10
# If no worker runs and each has failed this often, the server ends, so that whoever runs it notices.
MAX_FAILED_STARTS = 5
PR_SET_PDEATHSIG = 1

Serve = Callable[[int, socket.socket, Callable[[], None]], None]


@dataclass
class Worker:
    """A worker by its number, whichever process it is; `pid` is None while there is no process."""

    number: int
    pid: int | None = None
    born: float = 0.0
    deaths: int = 0  # in a row, each within HEALTHY_SECONDS
    failed_starts: int = 0  # in a row
    next_start: float = 0.0


class Supervisor:
    """Runs `serve` in a process for each socket until SIGTERM or SIGINT, and replaces those that die or hang.

    `serve` gets the worker's number, its socket, and a function to call once it serves and each second from then on.
    """

    def __init__(
        self,
        serve: Serve,
        listener: Listener,
        drain_seconds: float,
        timeout_seconds: float,
        on_death: Callable[[int], None],
    ) -> None:
        self._serve = serve
        self._listener = listener
        self._drain_seconds = drain_seconds
        self._max_missed = max(2, round(timeout_seconds / BEAT_SECONDS))
        self._on_death = on_death
        self._workers = [Worker(number) for number in range(len(listener.sockets))]
        self._heartbeats = Heartbeats(len(self._workers))
        self._failed = False

    def run(self, ready: Callable[[], None]) -> int:
        """Return the exit status: 0 after a drain within its limit; `ready` is called once all workers serve."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if self._start_all():
            ready()
            self._watch()
        self._listener.close()
        return self._stop()

    def _start_all(self) -> bool:
        """Start all workers; return False if one could not start, or if a signal ends the server."""
        for worker in self._workers:
            self._start(worker)
        while not all(self._heartbeats.served(worker.number) for worker in self._workers):
            if wait(0.01) in END:
                return False
            for _, end in self._reap():
                # A worker that could not start has logged the reason itself.
                if end["status"] != f"exit {STARTUP_FAILED}":
                    log.error("a worker died before it served", extra=end)
            if any(worker.pid is None for worker in self._workers):
                self._failed = True
                return False
        return True

    def _watch(self) -> None:
        check = time.monotonic() + BEAT_SECONDS
        while not self._all_failed():
            wake = min([check, *(worker.next_start for worker in self._workers if worker.pid is None)])
            if wait(wake - time.monotonic()) in END:
                return
            self._replace()
            if check <= time.monotonic():
                self._kill_silent()
                check = time.monotonic() + BEAT_SECONDS
        log.error("no worker can be started: the server ends")
        self._failed = True

    def _all_failed(self) -> bool:
        return all(worker.pid is None and worker.failed_starts >= MAX_FAILED_STARTS for worker in self._workers)

    def _replace(self) -> None:
        for worker, end in self._reap():
            self._schedule(worker)
            log.error("a worker died and is replaced", extra=end)
        for worker in self._workers:
            if worker.pid is None and worker.next_start <= time.monotonic() and not self._all_failed():
                self._start(worker)

    def _kill_silent(self) -> None:
        for worker in self._workers:
            if worker.pid is None:
                continue
            missed = self._heartbeats.missed(worker.number)
            limit = self._max_missed * (1 if self._heartbeats.served(worker.number) else START_FACTOR)
            if missed == limit:
                silent = {"worker": worker.pid, "silent_seconds": missed * BEAT_SECONDS}
                log.error("a worker does not respond and is killed", extra=silent)
                os.kill(worker.pid, signal.SIGKILL)

    def _schedule(self, worker: Worker) -> None:
        """Schedule the next process: at once, or with growing delays if processes die early."""
        now = time.monotonic()
        worker.deaths = 1 if now - worker.born >= HEALTHY_SECONDS else worker.deaths + 1
        worker.failed_starts = 0 if self._heartbeats.served(worker.number) else worker.failed_starts + 1
        self._heartbeats.reset(worker.number)
        delay = backoff(worker.deaths)
        worker.next_start = now + delay
        if delay and any(other.pid is not None for other in self._workers):
            self._listener.pause(worker.number)

    def _start(self, worker: Worker) -> None:
        parent = os.getpid()
        worker.born = time.monotonic()
        try:
            pid = os.fork()
        except OSError as error:
            log.error("cannot start a worker", extra={"reason": error.strerror})
            self._schedule(worker)
            return
        if pid:
            worker.pid = pid
        else:
            self._run_worker(worker.number, parent)

    def _run_worker(self, number: int, parent: int) -> NoReturn:
        """Run the worker with this number in the forked process; never returns."""
        status = STARTUP_FAILED
        try:
            _die_with(parent)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for other, sock in enumerate(self._listener.sockets):
                if other != number:
                    sock.close()
            self._serve(number, self._listener.sockets[number], lambda: self._heartbeats.beat(number))
            status = 0
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else STARTUP_FAILED
        except BaseException:  # this process has a copy of the parent's code, into which no exception may escape
            log.exception("a worker failed")
        finally:
            os._exit(status)

    def _reap(self) -> list[tuple[Worker, dict[str, object]]]:
        """Return the workers whose process has ended, each with an entry for the log."""
        ended: list[tuple[Worker, dict[str, object]]] = []
        for worker in self._workers:
            if worker.pid is not None:
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    worker.pid = None
                    self._on_death(worker.number)
                    ended.append((worker, {"worker": pid, "status": _name(status)}))
        return ended

    def _stop(self) -> int:
        for pid in self._pids():
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds + 1
        while self._pids() and time.monotonic() < deadline:
            wait(deadline - time.monotonic())
            self._reap()
        for pid in self._pids():
            log.error("a worker did not stop in time and is killed", extra={"worker": pid})
            os.kill(pid, signal.SIGKILL)
            self._failed = True
        return 1 if self._failed else 0

    def _pids(self) -> list[int]:
        return [worker.pid for worker in self._workers if worker.pid is not None]


def wait(seconds: float) -> signal.Signals:
    """Return the first of SIGNALS that comes, all of which are blocked; SIGALRM if none comes in time.

    Not `sigtimedwait`: if the process is stopped while the time runs out (SIGSTOP, a paused container), Python's
    version returns a signal that never came, read from uninitialized memory.
    """
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    return signal.Signals(signal.sigwaitinfo(SIGNALS).si_signo)


def backoff(deaths: int) -> float:
    """Return how many seconds to wait after this many deaths in a row."""
    return min(MAX_BACKOFF_SECONDS, 2.0 ** (deaths - 2)) if deaths > 1 else 0.0


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends: an orphan would keep the socket from a new server."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os._exit(STARTUP_FAILED)


def _name(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
