from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from app.engines import ubjson
from app.engines.engine import EngineError, FloatArray
from app.engines.onedal import OneDAL
from app.engines.xgboost import XGBoost
from tests.app import bundles
from tests.app.conftest import ROOT

features, target = bundles.california()


def both(target: FloatArray, **parameters: Any) -> tuple[OneDAL, XGBoost]:
    model = bytes(bundles.train(features, target, **parameters).save_raw("ubj"))
    return OneDAL(model), XGBoost(model)


def awkward_rows() -> FloatArray:
    """Random rows, a third of all cells missing, and the edges of float32."""
    random = np.random.default_rng(3)
    rows = features[random.integers(len(features), size=2000)]
    rows[random.random(rows.shape) < 0.33] = np.nan
    edges = np.array([[value] * 8 for value in (np.nan, 3.4e38, -3.4e38, 1e-45, 0.0, -0.0)], dtype=np.float32)
    return np.concatenate([rows, edges])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max_depth": 9, "trees": 200, "eta": 0.1},
        {"max_depth": 1},
        {"grow_policy": "lossguide", "max_leaves": 30, "max_depth": 0},
        {"base_score": 3.5},
        {"objective": "reg:pseudohubererror"},
        {"tree_method": "exact", "gamma": 1.0},
        {"num_parallel_tree": 3, "subsample": 0.5},
        {"max_depth": 12, "min_child_weight": 0, "lambda": 0},
        {"trees": 1, "gamma": 1e9},
    ],
    ids=str,
)
def test_it_gives_xgboost_s_answers_with_values_missing(parameters: dict[str, object]) -> None:
    onedal, xgboost = both(target, **parameters)
    rows = awkward_rows()
    wanted = xgboost.predict(rows)
    np.testing.assert_allclose(onedal.predict(rows), wanted, rtol=1e-5, atol=1e-5)
    one_by_one = np.concatenate([onedal.predict(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_allclose(one_by_one, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic"])
def test_it_gives_xgboost_s_probabilities(objective: str) -> None:
    onedal, xgboost = both((target > np.median(target)).astype(np.float32), objective=objective)
    rows = awkward_rows()
    np.testing.assert_allclose(onedal.predict(rows), xgboost.predict(rows), rtol=1e-5, atol=1e-6)


def test_it_goes_the_same_way_at_each_threshold() -> None:
    """XGBoost goes left below the threshold, oneDAL at or below it: rows that sit on one tell."""
    from app.engines import ubjson

    booster = bundles.train(features, target)
    model = bytes(booster.save_raw("ubj"))
    rows = []
    for tree in ubjson.loads(model)["learner"]["gradient_booster"]["model"]["trees"]:
        for node in np.flatnonzero(tree["left_children"] != -1):
            row = features[node % len(features)].copy()
            row[tree["split_indices"][node]] = tree["split_conditions"][node]
            rows.append(row)
    np.testing.assert_allclose(OneDAL(model).predict(np.array(rows)), XGBoost(model).predict(np.array(rows)), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*deprecated", "ignore:.*not used")
@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"objective": "multi:softprob", "num_class": 3}, "several outputs"),
        ({"objective": "count:poisson"}, "count:poisson"),
        ({"booster": "dart", "rate_drop": 0.5}, "dart|weight_drop"),  # as XGBoost up to 3.2 says it, and from 3.3 on
        ({"booster": "gblinear"}, "gblinear"),
    ],
)
def test_what_it_cannot_compute_it_declines(parameters: dict[str, object], wanted: str) -> None:
    with pytest.raises(EngineError, match=wanted):
        both(np.clip(np.round(target), 0, 2), **parameters)


def test_categorical_splits_are_declined() -> None:
    import xgboost

    codes = np.random.default_rng(0).integers(0, 5, (300, 1)).astype(np.float32)
    data = xgboost.DMatrix(codes, codes[:, 0] % 2, feature_types=["c"], enable_categorical=True)
    model = xgboost.train({"max_cat_to_onehot": 1, "nthread": 1}, data, 3)
    with pytest.raises(EngineError, match="categorical"):
        OneDAL(bytes(model.save_raw("ubj")))


@pytest.mark.parametrize("model", [b"", b"{}", b"not a model", b"{i\x07learneri\x01}"])
def test_what_is_no_model_is_declined(model: bytes) -> None:
    with pytest.raises(EngineError, match="not one that XGBoost saved"):
        OneDAL(model)


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("split_indices", 8, "tree 1 splits on a feature beyond the model's 8"),
        ("split_indices", -1, "tree 1 splits on a feature beyond the model's 8"),
        ("left_children", 0, "tree 1 contains a cycle"),
    ],
)
def test_a_tree_that_leads_out_of_the_rows_or_in_a_circle_is_declined(
    monkeypatch: pytest.MonkeyPatch, key: str, value: int, wanted: str
) -> None:
    document = ubjson.loads(bytes(bundles.train(features, target).save_raw("ubj")))
    tree = document["learner"]["gradient_booster"]["model"]["trees"][1]
    tree[key] = tree[key].copy()
    tree[key][0] = value
    monkeypatch.setattr(ubjson, "loads", lambda _: document)
    with pytest.raises(EngineError, match=wanted):
        OneDAL(b"")


def test_a_tree_without_typed_arrays_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    document = ubjson.loads(bytes(bundles.train(features, target).save_raw("ubj")))
    document["learner"]["gradient_booster"]["model"]["trees"][0]["split_type"] = []
    monkeypatch.setattr(ubjson, "loads", lambda _: document)
    with pytest.raises(EngineError, match="not one that XGBoost saved"):
        OneDAL(b"")


def test_threads_do_not_see_each_other_s_answers() -> None:
    onedal, _ = both(target)
    wanted = onedal.predict(features)
    wrong: list[int] = []

    def ask(offset: int) -> None:
        for step in range(2000):
            row = (offset + 7 * step) % len(features)
            if abs(float(onedal.predict(features[row : row + 1])[0]) - wanted[row]) > 1e-4:
                wrong.append(row)

    threads = [threading.Thread(target=ask, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_answer_stays_what_it_was_when_the_next_one_comes() -> None:
    onedal, _ = both(target)
    first = onedal.predict(features[:1])
    kept = first.copy()
    onedal.predict(features[1:2])
    np.testing.assert_array_equal(first, kept)


def test_a_worker_that_serves_by_it_has_no_data_frames_and_no_xgboost() -> None:
    """Each costs more memory and time than the server itself; afterwards pandas can be imported as ever."""
    code = "import sys; from app.engines import onedal; onedal._daal4py(); print(*sys.modules); import pandas"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"pandas", "sklearn", "scipy", "xgboost"} & set(loaded.stdout.split())
