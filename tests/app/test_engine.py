from __future__ import annotations

import logging

import numpy as np
import pytest

from app import engine as engines
from app.bundle import Golden
from app.engine import EngineError
from tests.app import bundles

features, target = bundles.california()


def golden_of(model: bytes, shift: float = 0.0) -> Golden:
    answers = engines.XGBoost(model).predict(features[:40])
    rows = tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in features[:40])
    return Golden(rows, tuple((answers + np.float32(shift)).tolist()))


def model_of(**parameters: object) -> bytes:
    return bytes(bundles.train(features, np.clip(np.round(target), 0, 2), **parameters).save_raw("ubj"))


def test_onedal_is_chosen_where_it_proves_itself() -> None:
    model = model_of()
    assert engines.choose(model, golden_of(model)).name == "onedal"


def test_xgboost_is_the_fallback_with_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    model = model_of(objective="multi:softprob", num_class=3)
    engine = engines.choose(model, golden_of(model))
    assert engine.name == "xgboost"
    assert engine.predict(features[:5]).shape == (5, 3)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "several outputs" in vars(record)["reason"]


def test_an_engine_that_is_asked_for_is_not_replaced() -> None:
    model = model_of()
    assert engines.choose(model, golden_of(model), "xgboost").name == "xgboost"
    poisson = model_of(objective="count:poisson")
    with pytest.raises(EngineError, match="count:poisson"):
        engines.choose(poisson, golden_of(poisson), "onedal")


@pytest.mark.parametrize("preference", ["auto", "onedal", "xgboost"])
def test_no_engine_serves_a_model_that_misses_its_golden_answers(preference: str) -> None:
    model = model_of()
    with pytest.raises(EngineError, match="misses 40 of 40 golden answers, the first in row 0"):
        engines.choose(model, golden_of(model, shift=0.01), preference)


def test_a_wrong_engine_is_found_out_by_the_golden_rows(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.onedal.OneDAL.predict", lambda self, rows: np.zeros(len(rows), dtype=np.float32))
    model = model_of()
    assert engines.choose(model, golden_of(model)).name == "xgboost"
    assert "misses" in vars(caplog.records[0])["reason"]


def test_answers_of_another_shape_are_no_golden_answers() -> None:
    model = model_of()
    golden = golden_of(model)
    with pytest.raises(EngineError, match="shape"):
        engines.check(engines.XGBoost(model), Golden(golden.rows, tuple([answer] for answer in golden.predictions)))
