from __future__ import annotations

from pathlib import Path

import pytest

from app.bundle import Golden
from app.prediction.predictions import Predictions
from tests.app.asgi_client import AsgiClient
from tests.app.conftest import predictions_of


def test_it_is_alive_and_ready(client: AsgiClient) -> None:
    for path in ("/healthz", "/readyz", "/ping", "/health", "/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status == 200, path


def test_it_is_not_ready_when_the_golden_answers_are_missed(predictions: Predictions) -> None:
    client = AsgiClient(predictions)
    golden = predictions.models[0].bundle.golden
    wrong = Golden(golden.rows, tuple(answer + 1 for answer in golden.predictions))
    object.__setattr__(predictions.models[0].bundle, "golden", wrong)
    answer = client.get("/readyz")
    assert (answer.status, answer.json["error"]["code"]) == (503, "not_ready")
    for path in ("/v2/health/ready", "/v2/models/california/ready"):
        answer = client.get(path)
        assert (answer.status, list(answer.json)) == (503, ["error"])
    assert client.get("/healthz").status == 200


def test_the_version_names_what_is_served(bundle: Path) -> None:
    client = AsgiClient(predictions_of(("california", "7", bundle), image="sha256:abc"))
    answer = client.get("/version").json
    assert answer["image"] == "sha256:abc"
    (model,) = answer["models"]
    assert (model["name"], model["version"], model["engine"]) == ("california", "7", "onedal")
    assert len(model["sha256"]) == 64


def test_v2_describes_the_model_by_its_signature(client: AsgiClient) -> None:
    assert client.get("/v2").json["name"] == "slipway"
    for path in ("/v2/models/california", "/v2/models/california/versions/7"):
        described = client.get(path).json
        assert described["name"] == "california"
        assert described["versions"] == ["7"]
        assert described["inputs"][3] == {"name": "AveBedrms", "datatype": "FP64", "shape": [-1]}
        assert described["outputs"] == [{"name": "predictions", "datatype": "FP32", "shape": [-1]}]
        assert client.get(f"{path}/ready").status == 200


@pytest.mark.parametrize("path", ["/v2/models/nope", "/v2/models/california/versions/8", "/v2/models/nope/ready"])
def test_v2_says_that_there_is_no_such_model(client: AsgiClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status, list(answer.json)) == (404, ["error"])
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nope", "GET", 404, "not_found"),
        ("/predict/nope", "POST", 404, "not_found"),
        ("/predict", "GET", 405, "method_not_allowed"),
        ("/healthz", "DELETE", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_said_in_one_form(
    client: AsgiClient, path: str, method: str, status: int, code: str
) -> None:
    answer = client.open(path, method)
    assert answer.status == status
    assert answer.json["error"]["code"] == code
    assert set(answer.json["error"]) == {"code", "message", "field", "row"}
    assert answer.headers["x-request-id"]


def test_each_protocol_has_its_own_envelope(client: AsgiClient) -> None:
    assert set(client.get("/invocations").json) == {"error_code", "message"}
    assert isinstance(client.get("/v2/models/california/infer").json["error"], str)
    assert (
        client.get("/predict").headers["allow"] == "OPTIONS, POST" or "POST" in client.get("/predict").headers["allow"]
    )


def test_a_caller_s_request_id_is_kept_where_it_is_safe(client: AsgiClient) -> None:
    assert client.get("/healthz", x_request_id="trace-1").headers["x-request-id"] == "trace-1"
    for unsafe in ("a b", "x" * 129, '"};alert(1)', "é"):
        assert client.get("/healthz", x_request_id=unsafe).headers["x-request-id"] != unsafe


def test_a_fault_of_ours_is_logged_and_not_told(
    predictions: Predictions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> bytes:
        raise RuntimeError("secret cause")

    monkeypatch.setattr(predictions.metrics, "exposition", fail)
    answer = AsgiClient(predictions).get("/metrics")
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")
    assert b"secret" not in answer.body
    assert "secret cause" in caplog.text
    assert [vars(record)["route"] for record in caplog.records if record.message == "request failed"] == ["/metrics"]
