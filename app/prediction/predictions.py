"""One prediction from body to answer, the same for every request format and model."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from app.engines.engine import Engine, FloatArray
from app.log import log_refusal, who
from app.metrics import Metrics, Recorder
from app.model import Model
from app.prediction.body_reader import BodyReader
from app.prediction.formats.mlflow import MLflow
from app.prediction.formats.request_format import RequestFormat
from app.prediction.formats.rows import Rows
from app.prediction.formats.v2 import V2
from app.prediction.request_info import RequestInfo
from app.problem import Problem
from app.settings import Settings

log = logging.getLogger("slipway")

# The most rows that an engine gets in one call.
ROWS_AT_ONCE = 16_384


class Route(NamedTuple):
    """What belongs to a path: its model, its format, and the metrics that count its requests."""

    model: Model
    format: RequestFormat
    recorder: Recorder


class Answer(NamedTuple):
    """A response of type application/json."""

    status: int
    body: bytes


class Predictions:
    """Answers prediction requests for a set of models, the first of which is the default."""

    def __init__(self, settings: Settings, models: Sequence[Model], metrics: Metrics) -> None:
        self.settings = settings
        self.models = tuple(models)
        self.metrics = metrics
        self.routes = self._routes()
        self._bodies = BodyReader(settings.max_body_bytes, metrics.fast_path_exits)

    def _routes(self) -> dict[str, Route]:
        rows, mlflow, v2 = Rows(), MLflow(), V2()
        routes: dict[str, Route] = {}
        for model in self.models:
            name, version = model.id
            recorder = self.metrics.recorder(name, version)
            routes[f"/predict/{name}"] = Route(model, rows, recorder)
            for prefix in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
                routes[f"{prefix}/infer"] = Route(model, v2, recorder)
        default = self.models[0]
        recorder = routes[f"/predict/{default.id.name}"].recorder
        return routes | {"/predict": Route(default, rows, recorder), "/invocations": Route(default, mlflow, recorder)}

    def answer(self, route: Route, request: RequestInfo, body: bytes) -> Answer:
        """Return the predictions for `body`, or the error that says why there are none."""
        start = time.perf_counter()
        try:
            rows, extra = self._bodies.read(route.format, route.model.contract, request, body)
            predictions = _predict(route.model.engine, rows)
            payload = route.format.answer(predictions, route.model.id, request.request_id, extra)
        except Problem as problem:
            return self.refuse(route, request, problem)
        except Exception:  # the last resort: the caller gets an answer, and the log gets the cause
            log.exception("prediction failed", extra=who(request.request_id, request.client))
            message = "the prediction failed; the log has the cause under the request id"
            return self.refuse(route, request, Problem("internal", message))
        seconds = time.perf_counter() - start
        route.recorder.requests.inc()
        if request.client:
            self.metrics.clients.count(request.client)
        route.recorder.latency.observe(seconds)
        route.recorder.rows.observe(len(rows))
        if random.random() < self.settings.log_sample_rate:  # noqa: S311 - a sample, not a secret
            _log_success(route, request, len(rows), seconds)
        return Answer(200, payload)

    def refuse(self, route: Route, request: RequestInfo, problem: Problem) -> Answer:
        """Count and log the problem, and return it in the route's own format."""
        name, version = route.model.id
        route.recorder.requests.inc()
        if request.client:
            self.metrics.clients.count(request.client)
        self.metrics.errors.labels(name, version, problem.code).inc()
        where = {"field": problem.field, "row": problem.row}
        log_refusal(problem, request.request_id, request.client, model=name, version=version, **where)
        return Answer(problem.status, route.format.error(problem, request.request_id))


def _log_success(route: Route, request: RequestInfo, rows: int, seconds: float) -> None:
    name, version = route.model.id
    entry: dict[str, Any] = {**who(request.request_id, request.client), "model": name, "version": version}
    log.info("predicted", extra={**entry, "rows": rows, "ms": round(seconds * 1e3, 3)})


def _predict(engine: Engine, rows: FloatArray) -> FloatArray:
    """Return the engine's predictions, computed in parts: some engines let no other thread run during a call."""
    if len(rows) <= ROWS_AT_ONCE:
        return engine.predict(rows)
    parts = np.array_split(rows, -(-len(rows) // ROWS_AT_ONCE))
    return np.concatenate([engine.predict(part) for part in parts])
