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
from app.serving.sockets import Listener

# Whatever imports NumPy waits until `main` has blocked the signals.
if TYPE_CHECKING:
    from app.bundle import Bundle
    from app.settings import ModelSource, Settings

HELP = """\
usage: python -m app

Serves the models that the environment names. docs/api.md describes the API. The settings:

"""


def main() -> int:
    # Block the signals until the supervisor handles them and there is something to clean up. Do it before NumPy starts
    # threads: they would not inherit the block.
    signal.pthread_sigmask(signal.SIG_BLOCK, supervisor.SIGNALS)
    # A shell ignores SIGINT for its background jobs, and no child can be waited for while SIGCHLD is ignored.
    for number in supervisor.SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from app import settings, settings_text
    from app.bundle import BundleError
    from app.settings import ConfigError

    if sys.argv[1:]:
        print(HELP + settings_text.lines(), end="")
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    try:
        chosen = settings.read(os.environ)
        bundles = _verified(chosen)
        folder = _metrics_folder(chosen.workers, len(bundles))
        listener = _listen(chosen)
    except (ConfigError, BundleError, OSError) as error:
        print(f"slipway: {error}", file=sys.stderr)
        return 2
    return _run(chosen, bundles, folder, listener)


def _verified(chosen: Settings) -> list[tuple[ModelSource, Bundle]]:
    from app import model, settings

    return [(source, model.read(source)) for source in settings.sources(chosen)]


def _listen(chosen: Settings) -> Listener:
    from app.settings import ConfigError

    try:
        if chosen.socket:
            return sockets.listen_on_path(chosen.socket, chosen.workers)
        return sockets.listen_on_port(chosen.host, chosen.port, chosen.workers)
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


def _run(chosen: Settings, bundles: Sequence[tuple[ModelSource, Bundle]], folder: Path, listener: Listener) -> int:
    log.configure()
    # Each open connection takes a file; the soft limit of 1,024 exists for programs that use select().
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    from app.serving import worker

    def serve(number: int, sock: socket.socket, beat: Callable[[], None]) -> None:
        worker.serve(chosen, bundles, folder, number, sock, beat)

    names = [f"{source.name}@{source.version}" for source, _ in bundles]

    def ready() -> None:
        entry = {"url": listener.url, "models": names, "workers": len(listener.sockets)}
        log.get().info("serving", extra=entry)

    on_death = partial(metrics_folder.clear_gauges, folder)
    processes = supervisor.Supervisor(serve, listener, chosen.drain_seconds, chosen.worker_timeout_seconds, on_death)
    return processes.run(ready)


if __name__ == "__main__":
    sys.exit(main())
