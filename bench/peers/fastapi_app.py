"""The peer: a fast, strict /predict as an engineer writes it who knows FastAPI, pydantic and XGBoost.

Each choice is the fastest of those that we measured (docs/benchmarks.md). The endpoint is `async def`, because handing
over to a thread costs more than a prediction. orjson writes the answer straight from the array.

There are two variants. "parameter" declares its body as FastAPI's documentation does, and FastAPI reads it. "bytes"
bypasses FastAPI and passes the raw body to pydantic, which parses and checks it in one pass: the fastest variant.
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import orjson
import xgboost
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from pydantic import BaseModel, ValidationError

from bench.bundle import read
from bench.peers.contract import rows_model
from bench.peers.metrics import Metrics, exposition

MODEL, VERSION = "california", "1"
Predict = Callable[[Any], Response]


def create_app(bundle_folder: Path, body: str = "parameter") -> FastAPI:
    """Return an application with POST /predict and GET /metrics. The module's docstring explains `body`."""
    bundle = read(bundle_folder)
    metrics = Metrics(CollectorRegistry(), MODEL, VERSION)
    predict = _predict(xgboost.Booster(model_file=bundle.model), metrics)
    app = FastAPI()
    {"parameter": _take_parameter, "bytes": _take_bytes}[body](app, rows_model(bundle.fields), predict)
    for error in (RequestValidationError, ValidationError):
        app.add_exception_handler(error, _refuse(metrics))

    @app.get("/metrics")
    def scrape() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return app


def _take_parameter(app: FastAPI, rows_type: type[BaseModel], predict: Predict) -> None:
    @app.post("/predict")
    async def endpoint(body: rows_type) -> Response:  # type: ignore[valid-type]  # made from the signature at run time
        return predict(body)


def _take_bytes(app: FastAPI, rows_type: type[BaseModel], predict: Predict) -> None:
    schema = {"requestBody": {"content": {"application/json": {"schema": rows_type.model_json_schema()}}}}

    @app.post("/predict", openapi_extra=schema)
    async def endpoint(request: Request) -> Response:
        return predict(rows_type.model_validate_json(await request.body()))


def _predict(booster: xgboost.Booster, metrics: Metrics) -> Predict:
    booster.set_param({"nthread": 1})

    def predict(body: Any) -> Response:
        started = perf_counter()
        metrics.in_flight.inc()
        try:
            predictions = booster.inplace_predict(np.array(body.features, dtype=np.float32))
            answer = {"predictions": predictions, "model": MODEL, "version": VERSION}
            written = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        finally:
            metrics.in_flight.dec()
        metrics.requests.inc()
        metrics.rows.observe(len(body.features))
        metrics.latency.observe(perf_counter() - started)
        return Response(written, media_type="application/json")

    return predict


def _refuse(metrics: Metrics):  # type: ignore[no-untyped-def]  # Starlette's type for handlers is wider than any handler
    async def handler(_: Request, error: RequestValidationError | ValidationError) -> Response:
        first = error.errors()[0]
        metrics.errors.inc()
        # Named by the place and the rule: pydantic's own record would repeat the caller's value.
        named = {"code": first["type"], "message": first["msg"], "field": ".".join(map(str, first["loc"]))}
        return Response(orjson.dumps({"error": named}), 422, media_type="application/json")

    return handler


def from_environment() -> FastAPI:
    """Return the application. uvicorn calls this in each worker."""
    app = create_app(Path(os.environ["PEER_BUNDLE"]), os.environ["PEER_BODY"])
    # As Slipway does: what start-up left is never walked by the collector again.
    gc.collect()
    gc.freeze()
    return app
