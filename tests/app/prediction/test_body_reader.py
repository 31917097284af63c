from __future__ import annotations

import json
from typing import Any

import pytest

from app.metrics import FAST_PATH_EXITS
from app.prediction.contract import Contract
from app.prediction.predictions import Predictions
from app.prediction.request_info import RequestInfo
from tests.app.prediction.test_rules import GAP, ROW

CSV = "MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude\n1,2,3,4,5,6,7,8\n"
NAMES = CSV.split("\n")[0].split(",")
RECORD = dict(zip(NAMES, ROW, strict=True))


def counted(predictions: Predictions) -> dict[str, float]:
    """Return how many requests have left the fast path, by reason."""
    samples = [sample for family in predictions.metrics.registry.collect() for sample in family.samples]
    exits = {s.labels["reason"]: s.value for s in samples if s.name == "prediction_fast_path_exits_total"}
    assert set(exits) == set(FAST_PATH_EXITS)
    return {reason: count for reason, count in exits.items() if count}


def ask(predictions: Predictions, path: str, body: bytes, kind: str = "application/json") -> int:
    return predictions.answer(predictions.routes[path], RequestInfo(kind), body).status


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "reason"),
    [
        ("/invocations", CSV.encode(), "text/csv", 200, "csv"),
        ("/invocations", json.dumps({"dataframe_records": [RECORD]}).encode(), "application/json", 200, "not_plain"),
        ("/predict", json.dumps({"features": [[10**20, *ROW[1:]]]}).encode(), "application/json", 200, "unreadable"),
        ("/predict", b"{", "application/json", 400, "invalid"),
        ("/predict", b'{"features": [["x"]]}', "application/json", 422, "invalid"),
    ],
)
def test_a_body_that_the_fast_reader_declines_is_counted_by_its_reason(
    predictions: Predictions, path: str, body: bytes, kind: str, status: int, reason: str
) -> None:
    assert ask(predictions, path, body, kind) == status
    assert counted(predictions) == {reason: 1}


def test_a_body_that_the_fast_reader_takes_is_not_counted(predictions: Predictions) -> None:
    assert ask(predictions, "/predict", json.dumps({"features": [ROW, GAP]}).encode()) == 200
    assert (
        ask(predictions, "/predict", json.dumps({"features": [ROW]}).encode(), "application/json; charset=utf-8") == 200
    )
    assert counted(predictions) == {}


def test_a_fault_of_the_fast_reader_costs_no_answer_but_is_counted(
    predictions: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise AttributeError

    monkeypatch.setattr(Contract, "fast_matrix", fail)
    assert ask(predictions, "/predict", json.dumps({"features": [ROW]}).encode()) == 200
    assert counted(predictions) == {"unexpected": 1}
