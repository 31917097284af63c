"""`python -m app`: verify the bundles, then serve them until SIGTERM."""

from __future__ import annotations

import atexit
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from app import log, settings
from app.bundle import Bundle, BundleError
from app.settings import ConfigError, ModelSource, Settings

HELP = """\
usage: python -m app

Serves the models named by the environment; see docs/api.md. The settings, with their defaults:

"""


def main() -> int:
    if sys.argv[1:]:
        print(HELP + settings.explained(), end="")
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    try:
        chosen = settings.read(os.environ)
        bundles = _verified(chosen)
        sockets = _listen(chosen)
    except (ConfigError, BundleError) as error:
        print(f"slipway: {error}", file=sys.stderr)
        return 2
    return _run(chosen, bundles, sockets)


def _verified(chosen: Settings) -> list[tuple[ModelSource, Bundle]]:
    from app import model

    return [(source, model.read(source)) for source in settings.sources(chosen)]


def _listen(chosen: Settings) -> list[socket.socket]:
    from app import workers

    try:
        return workers.listen(chosen.host, chosen.port, chosen.workers)
    except OSError as error:
        raise ConfigError(f"cannot listen on {chosen.host}, port {chosen.port}: {error.strerror or error}") from None


def _run(chosen: Settings, bundles: Sequence[tuple[ModelSource, Bundle]], sockets: Sequence[socket.socket]) -> int:
    log.configure()
    folder = _metrics_folder()
    # One file for each open connection; the soft limit of 1,024 is there for programs that use select().
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    from prometheus_client.multiprocess import mark_process_dead

    from app import worker, workers

    def serve(sock: socket.socket, ready: Callable[[], None]) -> None:
        worker.serve(chosen, bundles, folder, sock, ready)

    host, port = sockets[0].getsockname()[:2]
    names = [f"{source.name}@{source.version}" for source, _ in bundles]

    def ready() -> None:
        log.get().info("serving", extra={"url": f"http://{host}:{port}", "models": names, "workers": len(sockets)})

    def buried(pid: int) -> None:
        mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]

    return workers.Supervisor(serve, sockets, chosen.drain_seconds, buried).run(ready)


def _metrics_folder() -> str:
    """Make the folder in which the workers share their metrics, in memory where there is a place for that."""
    shared = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
    folder = tempfile.mkdtemp(prefix="slipway-", dir=shared if os.access(shared, os.W_OK) else None)
    # Workers end by os._exit, which runs no such function.
    atexit.register(shutil.rmtree, folder)
    # prometheus_client reads it once, when it is first imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    return folder


if __name__ == "__main__":
    sys.exit(main())
