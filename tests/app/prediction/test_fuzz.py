"""The parsers and the contract with generated input; FUZZ_EXAMPLES=100000 runs more of it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simdjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.bundle import Field
from app.engines.engine import FloatArray
from app.engines.xgboost import XGBoost
from app.prediction import json_body
from app.prediction.body_reader import DECLINED
from app.prediction.formats import csv
from app.prediction.formats.mlflow import MLflow
from app.prediction.predictions import Answer, Predictions, Route
from app.prediction.request_info import CSV, RequestInfo
from app.problem import STATUS, Problem
from tests.app import bundles, fuzzing
from tests.app.bundles import CALIFORNIA
from tests.app.conftest import predictions_of
from tests.app.encodings import values_of
from tests.app.fuzz_values import KINDS, SECRETS
from tests.app.fuzzing import Sent

pytestmark = pytest.mark.long

DEEP = "FUZZ_EXAMPLES" in os.environ
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "250")),
    derandomize=not DEEP,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Make = Callable[[tuple[Field, ...]], st.SearchStrategy[Sent]]


class Target:
    """A model under fuzzing, with the plain way that its answers are held to."""

    def __init__(self, bundle: Path, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.predictions: Predictions = predictions_of(("california", "7", bundle))
        self._reference = XGBoost(self.predictions.models[0].bundle.model)

    def route(self, sent: Sent) -> Route:
        return self.predictions.routes[sent.encoding.path]

    def answer(self, sent: Sent) -> Answer:
        return self.predictions.answer(
            self.route(sent), RequestInfo(sent.encoding.content_type, request_id="id"), sent.body
        )

    def plain(self, sent: Sent) -> FloatArray | Problem:
        """Return the matrix that the careful way makes of the body, or why it makes none."""
        try:
            return self.read(sent)[0]
        except Problem as problem:
            return problem

    def read(self, sent: Sent) -> tuple[FloatArray, Any]:
        shape, contract = self.route(sent).format, self.predictions.models[0].contract
        if sent.encoding.content_type == CSV:
            return contract.matrix(csv.read(sent.body, contract)), None
        body = json_body.with_nulls(sent.body) if isinstance(shape, MLflow) else sent.body
        table, extra = shape.read(json_body.parse_python(body), contract)
        return contract.matrix(table), extra

    def fast(self, sent: Sent) -> FloatArray | None:
        route = self.route(sent)
        body = json_body.with_nulls(sent.body) if isinstance(route.format, MLflow) else sent.body
        try:
            view, nulls = json_body.parse_fast(simdjson.Parser(), body)
            table, _ = route.format.read(view, route.model.contract)
            return route.model.contract.fast_matrix(table, nulls, body.count(b"["))
        except DECLINED:
            return None

    def check(self, sent: Sent) -> None:
        """Hold one request to all that is promised; whatever `answer` raises is a failure too."""
        answer, plain = self.answer(sent), self.plain(sent)
        if isinstance(plain, Problem) and plain.code == "duplicate_field" and plain.field is None:
            # In an object that is ignored, simdjson does not look for names given twice.
            return
        assert answer.status in {200, *STATUS.values()} - {500}, answer
        body = json.loads(answer.body)
        if isinstance(plain, Problem):
            assert answer.status == plain.status, (answer, plain)
            assert plain.code in STATUS
            assert not sent.plain or not any(secret in answer.body for secret in SECRETS), answer
        else:
            assert answer.status == 200, answer
            values, wanted = np.array(values_of(sent.encoding.path, body)), self._reference.predict(plain)
            np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-5)
            assert body.get("id") in (None, "id", self.read(sent)[1])
        if sent.encoding.content_type != CSV and (fast := self.fast(sent)) is not None:
            assert not isinstance(plain, Problem), plain
            np.testing.assert_array_equal(fast, plain)


@pytest.fixture(scope="module", autouse=True)
def silent() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


SIGNATURES = {
    "california": CALIFORNIA,
    "integers": tuple(Field(name, KINDS[i % 4], i % 3 == 1) for i, name in enumerate("abcdefgh")),
    "mixed": tuple(Field(name, KINDS[i % 5], i % 3 == 1) for i, name in enumerate("abcdefgh")),
}


@pytest.fixture(scope="module", params=SIGNATURES)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A model of floats alone, one with integers among them, and one with every type that there is."""
    features, answers = bundles.california()
    folder = tmp_path_factory.mktemp("fuzz") / "bundle"
    fields = SIGNATURES[request.param]
    return Target(bundles.write(folder, bundles.train(features, answers), features[:20], fields), fields)


@pytest.mark.parametrize("kind", [fuzzing.requests, fuzzing.bent, fuzzing.torn, fuzzing.rewritten])
@fuzz
@given(data=st.data())
def test_whatever_is_sent_gets_the_plain_way_s_answer(target: Target, kind: Make, data: st.DataObject) -> None:
    target.check(data.draw(kind(target.fields)))


@fuzz
@given(data=st.data())
def test_right_requests_are_answered(target: Target, data: st.DataObject) -> None:
    sent = data.draw(fuzzing.requests(target.fields, wrong=False))
    target.check(sent)
    rows = target.plain(sent)
    # V2's matrix has one datatype, which no boolean shares with a number.
    assert not isinstance(rows, Problem) or rows.code in ("no_rows", "wrong_type"), rows


@fuzz
@given(body=st.binary(max_size=200), data=st.data())
def test_bytes_of_any_kind_are_refused_or_answered(target: Target, body: bytes, data: st.DataObject) -> None:
    target.check(data.draw(fuzzing.requests(target.fields))._replace(body=body, plain=False))
