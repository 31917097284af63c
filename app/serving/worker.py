"""A worker process: loads the models, checks their golden answers, and serves until SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from a2wsgi import WSGIMiddleware
from prometheus_client import values
from prometheus_client.values import MultiProcessValue
from uvicorn import Config, Server

from app import model
from app.bundle import Bundle
from app.engines.engine import EngineError
from app.metrics import Metrics
from app.prediction.predictions import Predictions
from app.serving import supervisor
from app.serving.asgi import CarefulPath
from app.serving.connection import KEEP_ALIVE_SECONDS
from app.serving.fast_path import FastPath
from app.serving.heartbeats import BEAT_SECONDS
from app.serving.service import Service
from app.serving.sockets import BACKLOG
from app.settings import ModelSource, Settings
from app.web.application import create_app

log = logging.getLogger("slipway")

# How often a stopping server looks for connections that came while it accepted the ones before.
ACCEPTS = 10
# How long the thread that answers a large request may delay the event loop; Python's default of 5 ms adds up.
SWITCH_SECONDS = 0.001


class _Worker(Server):
    """uvicorn's server, which beats each second, and closes connections whose time is up."""

    def __init__(self, config: Config, metrics: Metrics, beat: Callable[[], None]) -> None:
        super().__init__(config)
        self._metrics = metrics
        self._beat = beat

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tick(asyncio.get_running_loop())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the backlog first: closing the socket would reset it. Then drain."""
        # A Unix socket has lost its name by now and gets no new connections, but a port does: hence the limit.
        for _ in range(ACCEPTS):
            backlog = [peer for sock in sockets or [] for peer in _backlog(sock)]
            for peer in backlog:
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, peer)
            if not backlog:
                break
        # Nothing else runs between the last look and the closing of the socket.
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        state = {"config": self.config, "server_state": self.server_state, "app_state": self.lifespan.state}
        return self.config.http_protocol_class(**state)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not uvicorn's callback_notify, which stops when a drain begins.
        loop.call_later(BEAT_SECONDS, self._tick, loop)
        self._beat()
        for connection in list(self.server_state.connections):
            if isinstance(connection, FastPath):
                connection.sweep(loop.time())
        self._metrics.collect_garbage_counts()


def _backlog(sock: socket.socket) -> Iterator[socket.socket]:
    """Accept the connections that wait now; the socket does not block."""
    while True:
        try:
            yield sock.accept()[0]
        except BlockingIOError:
            return
        except OSError as error:
            # Out of file descriptors, for instance: established connections still get their answers.
            log.warning("cannot accept the last connections", extra={"reason": error.strerror})
            return


def serve(
    settings: Settings,
    bundles: Sequence[tuple[ModelSource, Bundle]],
    metrics_folder: Path,
    number: int,
    sock: socket.socket,
    beat: Callable[[], None],
) -> None:
    """Serve the bundles on `sock` as the worker with this number, and call `beat` each second.

    Exits with STARTUP_FAILED if a model does not give its golden answers.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    # Name the files after the worker's number instead of its pid: the next process continues them.
    values.ValueClass = MultiProcessValue(partial(int, number))  # type: ignore[no-untyped-call]
    metrics = Metrics(str(metrics_folder))
    try:
        models = [model.load(source, bundle, settings) for source, bundle in bundles]
    except EngineError as error:
        log.error("a model cannot be served", extra={"reason": str(error)})
        raise SystemExit(supervisor.STARTUP_FAILED) from error
    for loaded in models:
        metrics.loaded(*loaded.id, settings.image, loaded.load_seconds)
    predictions = Predictions(settings, models, metrics)
    server = _Worker(_config(settings, predictions), metrics, beat)
    # Everything that exists now stays: the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    server.run([sock])


def _config(settings: Settings, predictions: Predictions) -> Config:
    service = Service(predictions)
    web = create_app(settings, predictions.models, predictions.metrics)
    return Config(
        CarefulPath(service, WSGIMiddleware(web)),  # type: ignore[arg-type]
        http=partial(FastPath, service),  # type: ignore[arg-type]
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(KEEP_ALIVE_SECONDS),
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
    )
