from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from app.bundle import Golden
from app.engines import choice as engines
from app.engines.engine import EngineError, FloatArray
from app.engines.onedal import OneDAL
from app.engines.xgboost import XGBoost
from tests.app import bundles

features, target = bundles.california()


def golden_of(model: bytes, shift: float = 0.0, count: int = 40) -> Golden:
    answers = XGBoost(model).predict(features[:count])
    rows = tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in features[:count])
    return Golden(rows, tuple((answers + np.float32(shift)).tolist()))


def model_of(**parameters: Any) -> bytes:
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
    with pytest.raises(EngineError, match="gets 40 of 40 golden answers wrong as one batch, the first in row 0"):
        engines.choose(model, golden_of(model, shift=0.01), preference)


def test_a_wrong_engine_is_found_out_by_the_golden_rows(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.engines.onedal.OneDAL.predict", lambda self, rows: np.zeros(len(rows), dtype=np.float32))
    model = model_of()
    assert engines.choose(model, golden_of(model)).name == "xgboost"
    assert "golden answers wrong" in vars(caplog.records[0])["reason"]


def model_of_mostly_zeros() -> bytes:
    """A model of what most rows have none of, such as claims: large leaves, and sums next to zero."""
    claims = np.where(features[:, 0] < 6, 0, 1000 * features[:, 0]).astype(np.float32)
    return bytes(bundles.train(features, claims, trees=200, max_depth=6, eta=0.1).save_raw("ubj"))


def test_answers_that_depend_on_the_size_of_the_batch_are_left_to_xgboost(caplog: pytest.LogCaptureFixture) -> None:
    """64 rows are two of oneDAL's blocks, where it adds up as XGBoost does; one row is added up in another order."""
    model = model_of_mostly_zeros()
    onedal, xgboost, rows = OneDAL(model), XGBoost(model), features[:64]
    alone = np.concatenate([onedal.predict(row[np.newaxis]) for row in rows])
    np.testing.assert_array_equal(onedal.predict(rows), xgboost.predict(rows))
    assert not np.allclose(alone, xgboost.predict(rows), rtol=1e-3, atol=1e-5)

    golden = golden_of(model, count=64)
    assert engines.choose(model, golden).name == "xgboost"
    assert "golden answers wrong one row at a time, the first in row" in vars(caplog.records[0])["reason"]
    with pytest.raises(EngineError, match=r"onedal gets \d+ of 64 golden answers wrong one row at a time"):
        engines.choose(model, golden, "onedal")


def test_an_engine_that_fails_for_one_row_is_found_out() -> None:
    model = model_of()
    engine = XGBoost(model)

    class Broken:
        name = "broken"

        def predict(self, rows: FloatArray) -> FloatArray:
            if len(rows) == 1:
                raise RuntimeError("no single rows here")
            return engine.predict(rows)

    with pytest.raises(EngineError, match="broken cannot predict the golden rows: no single rows here"):
        engines.check(Broken(), golden_of(model))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("rounds", [100, 400])
def test_an_ordinary_model_is_served_by_the_fast_engine_whatever_the_unit(scale: float, rounds: int) -> None:
    model = bytes(
        bundles.train(features, target * np.float32(scale), trees=rounds, max_depth=6, eta=0.1).save_raw("ubj")
    )
    assert engines.choose(model, golden_of(model), "onedal").name == "onedal"


def test_a_small_unit_does_not_hide_a_wrong_answer() -> None:
    """Every answer is below a hundred-thousandth: an engine that always says zero was close enough before."""
    model = bytes(bundles.train(features, target * np.float32(1e-6), trees=50).save_raw("ubj"))

    class Zero:
        name = "zero"

        def predict(self, rows: FloatArray) -> FloatArray:
            return np.zeros(len(rows), dtype=np.float32)

    with pytest.raises(EngineError, match="zero gets"):
        engines.check(Zero(), golden_of(model))


def test_a_file_that_xgboost_cannot_load_is_an_error_of_its_own() -> None:
    with pytest.raises(EngineError, match="XGBoost cannot load the model"):
        XGBoost(b"{i\x01ai\x01}")


def test_answers_of_another_shape_are_no_golden_answers() -> None:
    model = model_of()
    golden = golden_of(model)
    with pytest.raises(EngineError, match="shape"):
        engines.check(XGBoost(model), Golden(golden.rows, tuple([answer] for answer in golden.predictions)))
