from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import generate_latest

from app.bundle import Field
from app.engines.xgboost import XGBoost
from app.prediction.predictions import Predictions
from app.prediction.request_info import RequestInfo
from tests.app import bundles
from tests.app.conftest import predictions_of
from tests.app.prediction.test_rules import CANARY, GAP, ROW

JSON = RequestInfo("application/json", request_id="r1")


def ask(predictions: Predictions, path: str, document: Any, info: RequestInfo = JSON) -> tuple[int, Any]:
    answer = predictions.answer(predictions.routes[path], info, json.dumps(document).encode())
    return answer.status, json.loads(answer.body)


@pytest.fixture(scope="module")
def pair(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    """Two models, of different signatures, one of them with integers and a boolean."""
    fields = (Field("age", "integer", False), Field("visits", "long", True), Field("member", "boolean", False))
    random = np.random.default_rng(0)
    rows = np.stack([random.integers(0, 90, 200), random.integers(0, 9, 200), random.integers(0, 2, 200)], axis=1)
    features = rows.astype(np.float32)
    booster = bundles.train(features, features[:, 0] / 10 + features[:, 2])
    other = bundles.write(tmp_path_factory.mktemp("typed") / "members", booster, features[:20], fields)
    return predictions_of(("california", "7", bundle), ("members", "2", other))


def test_the_default_model_answers_where_none_is_named(pair: Predictions) -> None:
    _, answer = ask(pair, "/predict", {"features": [ROW]})
    assert (answer["model"], answer["version"]) == ("california", "7")


def test_each_model_has_its_own_paths(pair: Predictions) -> None:
    body = {"features": [[30, 2, True]]}
    status, answer = ask(pair, "/predict/members", body)
    assert (status, answer["model"], answer["version"]) == (200, "members", "2")
    tensor = {"name": "age", "shape": [1], "datatype": "INT32", "data": [30]}
    inputs = [
        tensor,
        {"name": "visits", "shape": [1], "datatype": "UINT8", "data": [2]},
        {"name": "member", "shape": [1], "datatype": "BOOL", "data": [True]},
    ]
    for path in ("/v2/models/members/infer", "/v2/models/members/versions/2/infer"):
        _, same = ask(pair, path, {"inputs": inputs})
        assert same["outputs"][0]["data"] == answer["predictions"]


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ([2.5, 1, True], "wrong_type", "age"),
        (["7", 1, True], "wrong_type", "age"),
        ([True, 1, True], "wrong_type", "age"),
        ([2**31, 1, True], "out_of_range", "age"),
        ([-(2**31) - 1, 1, True], "out_of_range", "age"),
        ([1, 2**63, True], "out_of_range", "visits"),
        ([1, 1.5, True], "wrong_type", "visits"),
        ([1, 1, 1], "wrong_type", "member"),
        ([1, 1, "true"], "wrong_type", "member"),
        ([1, 1, None], "missing_value", "member"),
        ([None, 1, True], "missing_value", "age"),
    ],
)
def test_integers_and_booleans_are_not_cast(pair: Predictions, row: list[Any], code: str, field: str) -> None:
    status, answer = ask(pair, "/predict/members", {"features": [[1, 1, True], row]})
    assert (status, answer["error"]["code"], answer["error"]["field"], answer["error"]["row"]) == (422, code, field, 1)


@pytest.mark.parametrize("row", [[2.0, 1, True], [-5, 2**63 - 1, False], [2**31 - 1, None, True]])
def test_integers_to_their_edges_are_welcome(pair: Predictions, row: list[Any]) -> None:
    status, answer = ask(pair, "/predict/members", {"features": [row]})
    wanted = XGBoost(pair.models[1].bundle.model).predict(np.array([row], dtype=np.float32))
    assert status == 200
    assert answer["predictions"] == pytest.approx(wanted.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    ("info", "wanted"),
    [
        (RequestInfo("text/plain"), "wanted content type application/json"),
        (RequestInfo("application/x-www-form-urlencoded"), "wanted content type application/json"),
        (RequestInfo("application/json; charset=latin-1"), "wanted the charset UTF-8"),
        (RequestInfo("application/json", content_encoding="gzip"), "without a content encoding"),
        (RequestInfo("application/octet-stream"), "binary data extension is not supported"),
        (RequestInfo("application/json", inference_header="120"), "binary data extension is not supported"),
        (RequestInfo("text/csv"), "wanted content type application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/v2/models/california/infer"])
def test_a_body_of_another_type_is_refused(predictions: Predictions, path: str, info: RequestInfo, wanted: str) -> None:
    status, answer = ask(predictions, path, {"features": [ROW]}, info)
    assert status == 415
    assert wanted in json.dumps(answer)


@pytest.mark.parametrize("kind", ["", "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"'])
def test_json_is_json_however_it_is_announced(predictions: Predictions, kind: str) -> None:
    assert ask(predictions, "/predict", {"features": [ROW]}, RequestInfo(kind))[0] == 200


def test_csv_belongs_to_invocations_alone(predictions: Predictions) -> None:
    route = predictions.routes["/invocations"]
    assert predictions.answer(route, RequestInfo("application/xml"), b"<a/>").status == 415


def test_a_fault_of_ours_is_an_internal_error_without_its_cause(
    predictions: Predictions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(rows: object) -> None:
        raise MemoryError(CANARY)

    monkeypatch.setattr(predictions.models[0].engine, "predict", fail)
    status, answer = ask(predictions, "/predict", {"features": [ROW]})
    assert (status, answer["error"]["code"]) == (500, "internal")
    assert CANARY not in json.dumps(answer)
    assert any(record.exc_info and vars(record)["request_id"] == "r1" for record in caplog.records)


def test_the_fast_way_is_taken_for_what_it_is_made_for(
    predictions: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that people send in bulk has to go by the buffers, nulls included; an error before must not spoil it."""
    ask(predictions, "/predict", {"features": [["x"] * 8]})

    def fail(body: bytes) -> None:
        pytest.fail("read by the careful way")

    monkeypatch.setattr("app.prediction.json_body.parse", fail)
    columns = {name: [1.0, 2.0] for name in predictions.models[0].contract.names}
    v2 = {"name": "features", "shape": [2, 8], "datatype": "FP32"}
    per_field = [{"name": n, "shape": [2], "datatype": "FP64", "data": v} for n, v in columns.items()]
    for path, document in [
        ("/predict", {"features": [ROW]}),
        ("/predict", {"features": [GAP]}),
        ("/predict", {"features": [ROW, GAP] * 100}),
        ("/predict", columns),
        ("/invocations", {"instances": [ROW, GAP]}),
        ("/invocations", {"inputs": columns}),
        ("/invocations", {"dataframe_split": {"columns": list(columns), "data": [ROW, GAP]}}),
        ("/v2/models/california/infer", {"id": "1", "inputs": [{**v2, "data": [ROW, GAP]}]}),
        (
            "/v2/models/california/infer",
            {"inputs": [{**v2, "data": [*ROW, *GAP]}], "outputs": [{"name": "predictions"}]},
        ),
        ("/v2/models/california/infer", {"inputs": per_field}),
    ]:
        assert ask(predictions, path, document)[0] == 200, document


def test_a_caller_s_number_is_never_taken_for_a_missing_value(
    predictions: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one who knew the number that stands for null would be refused."""
    from app.prediction import json_body

    known = json_body.NULL
    for row in (GAP, ROW):
        status, answer = ask(predictions, "/predict", {"features": [row, [*ROW[:3], known, *ROW[4:]]]})
        assert (status, answer["error"]["code"]) == (422, "out_of_range")


def test_every_request_is_counted_and_every_refusal_by_its_reason(predictions: Predictions) -> None:
    ask(predictions, "/predict", {"features": [ROW, ROW]})
    ask(predictions, "/predict", {"features": [["x"] * 8]})
    text = generate_latest(predictions.metrics.registry).decode()
    assert 'prediction_requests_total{model="california",version="7"} 2.0' in text
    assert 'prediction_errors_total{model="california",reason="wrong_type",version="7"} 1.0' in text
    assert 'prediction_rows_sum{model="california",version="7"} 2.0' in text


def test_refusals_are_logged_and_successes_by_the_sampling_rate(bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for rate, wanted in ((0.0, ["refused"]), (1.0, ["predicted", "refused"])):
        caplog.clear()
        predictions = predictions_of(("california", "7", bundle), log_sample_rate=rate)
        ask(predictions, "/predict", {"features": [ROW]})
        ask(predictions, "/predict", {"features": [[CANARY] * 8]})
        assert [record.message for record in caplog.records] == wanted
        assert CANARY not in caplog.text
        assert vars(caplog.records[-1])["code"] == "wrong_type"
