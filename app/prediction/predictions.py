"""One prediction from body to answer, the same for every shape, model and server."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import simdjson

from app.engines.engine import Engine, FloatArray
from app.metrics import Metrics, Recorder
from app.model import Model
from app.prediction import json_body
from app.prediction.contract import NotFast
from app.prediction.formats import Shape, csv
from app.prediction.formats.mlflow import MLflow
from app.prediction.formats.rows import Rows
from app.prediction.formats.v2 import BINARY, V2
from app.problem import Problem
from app.settings import Settings

log = logging.getLogger("slipway")

JSON = "application/json"
CSV = "text/csv"
# A body above this may take longer than others should wait.
LARGE = 256 * 1024
# A parser keeps ten times its largest body: one for a body above this is not used again.
KEPT = 1024 * 1024
# Rows that an engine gets at once.
PART = 16_384
# What the fast way may raise on a document that it is not made for: its own word, simdjson's, a shape's on the view.
DECLINED = (NotFast, Problem, ValueError, RuntimeError, TypeError, KeyError, AttributeError, IndexError)


class Route(NamedTuple):
    """A path that predicts: which model, in which shape, and what counts it."""

    model: Model
    shape: Shape
    recorder: Recorder


class Asked(NamedTuple):
    """What a prediction needs of a request's head."""

    content_type: str = ""
    content_encoding: str = ""
    inference_header: str = ""  # V2's Inference-Header-Content-Length, which announces binary tensors
    request_id: str = ""


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
        self._local = threading.local()
        self._max_values = settings.max_body_bytes // json_body.BYTES_A_VALUE

    def _routes(self) -> dict[str, Route]:
        rows, mlflow, v2 = Rows(), MLflow(), V2()
        routes: dict[str, Route] = {}
        for model in self.models:
            name, version = model.served
            recorder = self.metrics.recorder(name, version)
            routes[f"/predict/{name}"] = Route(model, rows, recorder)
            for prefix in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
                routes[f"{prefix}/infer"] = Route(model, v2, recorder)
        default = self.models[0]
        recorder = routes[f"/predict/{default.served.name}"].recorder
        return routes | {"/predict": Route(default, rows, recorder), "/invocations": Route(default, mlflow, recorder)}

    def answer(self, route: Route, asked: Asked, body: bytes) -> Answer:
        """Return the predictions for `body`, or the error that says why there are none."""
        start = time.perf_counter()
        try:
            rows, extra = self._rows(route, asked, body)
            predictions = _predict(route.model.engine, rows)
            payload = route.shape.answer(predictions, route.model.served, asked.request_id, extra)
        except Problem as problem:
            return self.refuse(route, asked, problem)
        except Exception:  # the last resort: whatever is wrong in here, the caller gets an answer and the log the cause
            log.exception("prediction failed", extra={"request_id": asked.request_id})
            return self.refuse(
                route, asked, Problem("internal", "the prediction failed, the log has it by the request id")
            )
        seconds = time.perf_counter() - start
        route.recorder.requests.inc()
        route.recorder.latency.observe(seconds)
        route.recorder.rows.observe(len(rows))
        if random.random() < self.settings.log_sample_rate:  # noqa: S311 - a sample, not a secret
            self._log_success(route, asked, len(rows), seconds)
        return Answer(200, payload)

    def refuse(self, route: Route, asked: Asked, problem: Problem) -> Answer:
        """Count and log the problem, and return it in the route's own form."""
        name, version = route.model.served
        route.recorder.requests.inc()
        self.metrics.errors.labels(name, version, problem.code).inc()
        where = {"code": problem.code, "status": problem.status, "field": problem.field, "row": problem.row}
        log.warning("refused", extra={"request_id": asked.request_id, "model": name, "version": version, **where})
        return Answer(problem.status, route.shape.error(problem, asked.request_id))

    def _rows(self, route: Route, asked: Asked, body: bytes) -> tuple[FloatArray, Any]:
        if asked.content_type != JSON or asked.content_encoding or asked.inference_header:
            kind = _check_head(asked, csv=isinstance(route.shape, MLflow))
            if kind == CSV:
                json_body.check_values(body, self._max_values, csv.MARKS)
                return route.model.contract.matrix(csv.read(body, route.model.contract)), None
        # No body has more values than bytes.
        if len(body) > self._max_values:
            json_body.check_values(body, self._max_values)
        if b"NaN" in body and isinstance(route.shape, MLflow):
            body = json_body.with_nulls(body)
        try:
            return self._fast_rows(route, body)
        except DECLINED:
            # A parser with a view still alive can't be used again; this one's may be, in the exception.
            self._local.parser = simdjson.Parser()
        table, extra = route.shape.read(json_body.careful(body), route.model.contract)
        return route.model.contract.matrix(table), extra

    def _fast_rows(self, route: Route, body: bytes) -> tuple[FloatArray, Any]:
        parser = self._parser() if len(body) <= KEPT else simdjson.Parser()
        view, nulls = json_body.fast(parser, body)
        table, extra = route.shape.read(view, route.model.contract)
        return route.model.contract.fast_matrix(table, nulls, body.count(b"[")), extra

    def _parser(self) -> simdjson.Parser:
        try:
            parser: simdjson.Parser = self._local.parser
        except AttributeError:
            parser = self._local.parser = simdjson.Parser()
        return parser

    def _log_success(self, route: Route, asked: Asked, rows: int, seconds: float) -> None:
        name, version = route.model.served
        what = {"request_id": asked.request_id, "model": name, "version": version}
        log.info("predicted", extra={**what, "rows": rows, "ms": round(seconds * 1e3, 3)})


def _predict(engine: Engine, rows: FloatArray) -> FloatArray:
    """Return the engine's predictions, made in parts: some engines let no other thread run until one is done."""
    if len(rows) <= PART:
        return engine.predict(rows)
    parts = np.array_split(rows, -(-len(rows) // PART))
    return np.concatenate([engine.predict(part) for part in parts])


def _check_head(asked: Asked, csv: bool) -> str:
    """Return the body's media type; raises Problem for one that is not read here. None given means JSON."""
    if asked.inference_header or asked.content_type == "application/octet-stream":
        raise Problem("unsupported_media_type", BINARY)
    if asked.content_encoding not in ("", "identity"):
        raise Problem("unsupported_media_type", "wanted a body without a content encoding")
    kind, _, parameters = asked.content_type.partition(";")
    kind = kind.strip().lower() or JSON
    charset = next((value for key, _, value in map(_parameter, parameters.split(";")) if key == "charset"), "utf-8")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("unsupported_media_type", "wanted UTF-8")
    if kind != JSON and not (csv and kind == CSV):
        raise Problem("unsupported_media_type", f"wanted content type {JSON}" + (f" or {CSV}" if csv else ""))
    return kind


def _parameter(text: str) -> tuple[str, str, str]:
    key, equals, value = text.partition("=")
    return key.strip().lower(), equals, value.strip().strip('"').lower()
