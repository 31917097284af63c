"""The worker processes: forked from one parent that has verified the bundles, watched, replaced, drained.

The parent keeps the listening sockets open: what waits in a dead worker's queue is answered by its successor instead of
being reset.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable

from app.listening import Listening

log = logging.getLogger("slipway")

SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
# A worker that dies young again and again must not keep a core busy with forking.
MIN_LIFE_SECONDS = 1.0
STARTUP_FAILED = 3

Serve = Callable[[socket.socket, Callable[[], None]], None]


class Supervisor:
    """Runs `serve` in a process for each socket until SIGTERM or SIGINT, and puts another in a dead one's place."""

    def __init__(self, serve: Serve, listening: Listening, drain_seconds: float, buried: Callable[[int], None]) -> None:
        self._serve = serve
        self._listening = listening
        self._sockets = listening.sockets
        self._drain_seconds = drain_seconds
        self._buried = buried
        self._workers: dict[int, tuple[int, float]] = {}
        self._due: list[tuple[float, int]] = []
        self._failed = False
        self._ready_pipe = os.pipe()

    def run(self, ready: Callable[[], None]) -> int:
        """Return the exit status: 0 after a drain within its limit; `ready` is called once all workers serve."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        for slot in range(len(self._sockets)):
            self._start(slot)
        if self._await_ready():
            ready()
            self._watch()
        self._listening.close()
        return self._stop()

    def _await_ready(self) -> bool:
        """Return whether every worker serves; False when one could not start or a signal asks to end."""
        waiting = len(self._sockets)
        os.set_blocking(self._ready_pipe[0], False)
        while waiting:
            caught = signal.sigtimedwait(SIGNALS, 0.01)
            if caught is not None and caught.si_signo != signal.SIGCHLD:
                return False
            if caught is not None and self._reap(respawn=False):
                self._failed = True
                return False
            try:
                waiting -= len(os.read(self._ready_pipe[0], waiting))
            except BlockingIOError:
                continue
        return True

    def _watch(self) -> None:
        while True:
            timeout = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 3600.0
            caught = signal.sigtimedwait(SIGNALS, timeout)
            if caught is not None and caught.si_signo != signal.SIGCHLD:
                return
            self._reap(respawn=True)
            while self._due and self._due[0][0] <= time.monotonic():
                self._start(self._due.pop(0)[1])

    def _start(self, slot: int) -> None:
        pid = os.fork()
        if pid:
            self._workers[pid] = (slot, time.monotonic())
            return
        status = STARTUP_FAILED
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for other, sock in enumerate(self._sockets):
                if other != slot:
                    sock.close()
            self._serve(self._sockets[slot], self._say_ready)
            status = 0
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else STARTUP_FAILED
        except BaseException:  # nothing may climb into the parent's code, which this process has a copy of
            log.exception("a worker failed")
        finally:
            os._exit(status)

    def _say_ready(self) -> None:
        os.write(self._ready_pipe[1], b"1")

    def _reap(self, respawn: bool) -> bool:
        """Bury the dead workers and see to successors; return whether there were any."""
        found = False
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found = True
            slot, born = self._workers.pop(pid)
            self._buried(pid)
            if respawn:
                log.error("a worker died, another takes its place", extra={"worker": pid, "status": _said(status)})
                self._due.append((max(time.monotonic(), born + MIN_LIFE_SECONDS), slot))
        self._due.sort()
        return found

    def _stop(self) -> int:
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds + 1
        while self._workers and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, max(0.0, deadline - time.monotonic()))
            self._reap(respawn=False)
        for pid in self._workers:
            log.error("a worker outlived the drain and is killed", extra={"worker": pid})
            os.kill(pid, signal.SIGKILL)
            self._failed = True
        return 1 if self._failed else 0


def _said(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
