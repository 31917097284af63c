"""`python -m app`: verify the bundles, then serve them until SIGTERM."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import log
from app.serving import metrics_folder, sockets, supervisor
from app.serving.sockets import Listening

# What brings NumPy in waits until `main` has seen to the signals.
if TYPE_CHECKING:
    from app.bundle import Bundle
    from app.settings import ModelSource, Settings

HELP = """\
usage: python -m app

Serves the models named by the environment; see docs/api.md. The settings, with their defaults:

"""


def main() -> int:
    # Signals wait until the supervisor sees to them, and to what is to be tidied up. Before NumPy makes a thread, which
    # would not let them wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, supervisor.SIGNALS)
    # What was ignored at entry stays so: SIGINT in a shell's background jobs; SIGCHLD, and no child can be waited for.
    for number in supervisor.SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from app import settings
    from app.bundle import BundleError
    from app.settings import ConfigError

    if sys.argv[1:]:
        print(HELP + settings.explained(), end="")
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    try:
        chosen = settings.read(os.environ)
        bundles = _verified(chosen)
        folder = _metrics_folder(chosen.workers, len(bundles))
        where = _listen(chosen)
    except (ConfigError, BundleError, OSError) as error:
        print(f"slipway: {error}", file=sys.stderr)
        return 2
    return _run(chosen, bundles, folder, where)


def _verified(chosen: Settings) -> list[tuple[ModelSource, Bundle]]:
    from app import model, settings

    return [(source, model.read(source)) for source in settings.sources(chosen)]


def _listen(chosen: Settings) -> Listening:
    from app.settings import ConfigError

    try:
        if chosen.socket:
            return sockets.on_path(chosen.socket, chosen.workers)
        return sockets.on_port(chosen.host, chosen.port, chosen.workers)
    except OSError as error:
        if chosen.socket:
            raise ConfigError(f"SLIPWAY_SOCKET={str(chosen.socket)!r}: {error.strerror or error}") from None
        raise ConfigError(f"cannot listen on {chosen.host}, port {chosen.port}: {error.strerror or error}") from None


def _metrics_folder(workers: int, models: int) -> Path:
    from app.settings import ConfigError

    try:
        folder = metrics_folder.make(workers, models)
    except OSError as error:
        raise ConfigError(f"cannot make the files of the metrics: {error.strerror or error}") from None
    # prometheus_client reads it once, when it is first imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return folder


def _run(chosen: Settings, bundles: Sequence[tuple[ModelSource, Bundle]], folder: Path, where: Listening) -> int:
    log.configure()
    # One file for each open connection; the soft limit of 1,024 is there for programs that use select().
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    from app.serving import worker

    def serve(number: int, sock: socket.socket, beat: Callable[[], None]) -> None:
        worker.serve(chosen, bundles, folder, number, sock, beat)

    names = [f"{source.name}@{source.version}" for source, _ in bundles]

    def ready() -> None:
        log.get().info("serving", extra={"url": where.url, "models": names, "workers": len(where.sockets)})

    on_death = partial(metrics_folder.clear_gauges, folder)
    runner = supervisor.Supervisor(serve, where, chosen.drain_seconds, chosen.worker_timeout_seconds, on_death)
    return runner.run(ready)


if __name__ == "__main__":
    sys.exit(main())
