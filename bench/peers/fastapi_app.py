"""The peer: what an engineer who knows FastAPI, pydantic and XGBoost writes when asked for a fast, strict /predict.

Each choice is the fastest of those measured (docs/benchmarks.md): the body goes to pydantic as bytes, so that JSON is
parsed and checked in one pass in Rust; the answer is written by orjson straight from the array; the endpoint is
`async def`, since a thread's hand-over costs more than a prediction.
"""

import gc
import os
from pathlib import Path
from time import perf_counter

import numpy as np
import orjson
import xgboost
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from pydantic import BaseModel, ValidationError

from bench.bundle import read
from bench.peers.contract import rows_model
from bench.peers.metrics import Metrics, exposition

MODEL, VERSION = "california", "1"


def create_app(bundle_folder: Path) -> FastAPI:
    """An application that answers POST /predict and GET /metrics for one bundle."""
    bundle = read(bundle_folder)
    booster = xgboost.Booster(model_file=bundle.model)
    booster.set_param({"nthread": 1})
    metrics = Metrics(CollectorRegistry(), MODEL, VERSION)
    app = FastAPI()
    _add_predict(app, booster, rows_model(bundle.fields), metrics)
    app.add_exception_handler(ValidationError, _refuse(metrics))

    @app.get("/metrics")
    def scrape() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return app


def _add_predict(app: FastAPI, booster: xgboost.Booster, rows_type: type[BaseModel], metrics: Metrics) -> None:
    validate = rows_type.model_validate_json
    schema = {"requestBody": {"content": {"application/json": {"schema": rows_type.model_json_schema()}}}}

    @app.post("/predict", openapi_extra=schema)
    async def predict(request: Request) -> Response:
        started = perf_counter()
        metrics.in_flight.inc()
        try:
            rows = validate(await request.body()).features  # type: ignore[attr-defined]  # made by create_model
            predictions = booster.inplace_predict(np.array(rows, dtype=np.float32))
            answer = {"predictions": predictions, "model": MODEL, "version": VERSION}
            body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        finally:
            metrics.in_flight.dec()
        metrics.requests.inc()
        metrics.rows.observe(len(rows))
        metrics.latency.observe(perf_counter() - started)
        return Response(body, media_type="application/json")


def _refuse(metrics: Metrics):  # type: ignore[no-untyped-def]  # Starlette's type for handlers is wider than any handler
    async def handler(_: Request, error: ValidationError) -> Response:
        first = error.errors(include_input=False, include_url=False)[0]
        metrics.errors.inc()
        named = {"code": first["type"], "message": first["msg"], "field": ".".join(map(str, first["loc"]))}
        return Response(orjson.dumps({"error": named}), 422, media_type="application/json")

    return handler


def from_environment() -> FastAPI:
    """The factory that uvicorn calls in each worker."""
    app = create_app(Path(os.environ["PEER_BUNDLE"]))
    # As Slipway does: what start-up left is never walked by the collector again.
    gc.collect()
    gc.freeze()
    return app
