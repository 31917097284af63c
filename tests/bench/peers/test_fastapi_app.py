import asyncio
import json

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bench.answers import Reference, require_equal
from bench.bundle import Bundle
from bench.peers.contract import FLOAT32_MAX, MAX_ROWS
from bench.peers.fastapi_app import create_app
from bench.peers.metrics import Metrics

GOOD = [1.0, 2.0, 3.0]


@pytest.fixture(scope="module", params=["parameter", "bytes"])
def peer(request: pytest.FixtureRequest, small_bundle: Bundle) -> FastAPI:
    return create_app(small_bundle.folder, request.param)


def post(peer: FastAPI, body: object) -> httpx.Response:
    content = body if isinstance(body, str) else json.dumps(body)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(peer), base_url="http://peer") as client:
            return await client.post("/predict", content=content, headers={"content-type": "application/json"})

    return asyncio.run(ask())


def test_answers_are_xgboosts_with_missing_values_too(peer: FastAPI, small_bundle: Bundle) -> None:
    rows = small_bundle.golden_rows()
    assert any(None in row for row in rows)
    answer = post(peer, {"features": rows})
    require_equal("peer", answer.status_code, answer.content, Reference(small_bundle).predict(rows))
    assert (answer.json()["model"], answer.json()["version"]) == ("california", "1")


@pytest.mark.parametrize("row", [[1, 2, 3], [FLOAT32_MAX, None, -FLOAT32_MAX]])
def test_what_the_contract_welcomes_is_answered(peer: FastAPI, row: list[float]) -> None:
    assert post(peer, {"features": [row]}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"features": []},
        {"features": [[]]},
        {"features": [[1.0, 2.0]]},
        {"features": [[1.0, 2.0, 3.0, 4.0]]},
        {"features": [[None, 2.0, 3.0]]},
        {"features": [["1.0", 2.0, 3.0]]},
        {"features": [[True, 2.0, 3.0]]},
        {"features": [[[1.0], 2.0, 3.0]]},
        {"features": [[FLOAT32_MAX * 1.01, 2.0, 3.0]]},
        {"features": [GOOD] * (MAX_ROWS + 1)},
        {"features": [GOOD], "more": 1},
        {"feature": [GOOD]},
        {"features": GOOD},
        [GOOD],
        '{"features": [[NaN, 2.0, 3.0]]}',
        '{"features": [[Infinity, 2.0, 3.0]]}',
        '{"features": [[1e400, 2.0, 3.0]]}',
        '{"features": [[1.0, 2.0, 3.0]',
        "",
    ],
    ids=lambda body: str(body)[:50],
)
def test_what_ours_refuses_the_peer_refuses(peer: FastAPI, body: object) -> None:
    answer = post(peer, body)
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"code", "message", "field"}


def test_a_refusal_names_the_place_and_not_the_value(peer: FastAPI) -> None:
    answer = post(peer, {"features": [[1.0, 2.0, "hidden"]]})
    assert "features.0.2" in answer.json()["error"]["field"]
    assert "hidden" not in answer.text


def test_requests_rows_and_errors_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, "california", "1")
    metrics.requests.inc()
    metrics.rows.observe(100)
    labels = {"model": "california", "version": "1"}
    assert registry.get_sample_value("prediction_requests_total", labels) == 1
    assert registry.get_sample_value("prediction_rows_bucket", labels | {"le": "100.0"}) == 1


def test_the_bundle_decides_which_field_may_be_missing(peer: FastAPI) -> None:
    assert post(peer, {"features": [[1.0, None, 3.0]]}).status_code == 200
    assert post(peer, {"features": [[1.0, 2.0, None]]}).status_code == 422
    assert np.isfinite(post(peer, {"features": [GOOD]}).json()["predictions"]).all()
