"""The parsers and the contract against what no person would write; FUZZ_EXAMPLES=100000 goes deeper."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simdjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import document
from app.bundle import Field
from app.engine import TOLERANCE, FloatArray, XGBoost
from app.predictions import CSV, DECLINED, Answer, Asked, Predictions, Route
from app.problem import STATUS, Problem
from tests.app import bundles, fuzzing
from tests.app.bundles import CALIFORNIA
from tests.app.conftest import predictions_of
from tests.app.encodings import values_of
from tests.app.fuzz_values import KINDS, SECRETS
from tests.app.fuzzing import Sent

DEEP = "FUZZ_EXAMPLES" in os.environ
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")),
    derandomize=not DEEP,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MIXED = tuple(Field(name, KINDS[i % len(KINDS)], nullable=i % 3 == 1) for i, name in enumerate("abcdefgh"))


class Target:
    """A model under fuzzing, with the plain way that its answers are held to."""

    def __init__(self, bundle: Path) -> None:
        self.predictions: Predictions = predictions_of(("california", "7", bundle))
        self._reference = XGBoost(self.predictions.models[0].bundle.model)

    def route(self, sent: Sent) -> Route:
        return self.predictions.routes[sent.encoding.path]

    def answer(self, sent: Sent) -> Answer:
        return self.predictions.answer(self.route(sent), Asked(sent.encoding.content_type, request_id="id"), sent.body)

    def plain(self, sent: Sent) -> FloatArray | Problem:
        """Return the matrix that the careful way makes of the body, or why it makes none."""
        route = self.route(sent)
        try:
            if sent.encoding.content_type == CSV:
                return route.model.contract.matrix(route.shape.read_csv(sent.body, route.model.contract))  # type: ignore[attr-defined]
            table, _ = route.shape.read(document.plain(sent.body), route.model.contract)
            return route.model.contract.matrix(table)
        except Problem as problem:
            return problem

    def fast(self, sent: Sent) -> FloatArray | None:
        route = self.route(sent)
        try:
            view, nulls = document.fast(simdjson.Parser(), sent.body)
            table, _ = route.shape.read(view, route.model.contract)
            return route.model.contract.fast_matrix(table, nulls, sent.body.count(b"["))
        except DECLINED:
            return None

    def check(self, sent: Sent) -> None:
        """Hold one request to all that is promised; whatever `answer` raises is a failure too."""
        answer, plain = self.answer(sent), self.plain(sent)
        assert answer.status in {200, *STATUS.values()} - {500}, answer
        body = json.loads(answer.body)
        if isinstance(plain, Problem):
            assert answer.status == plain.status, (answer, plain)
            assert plain.code in STATUS
            assert not sent.plain or not any(secret in answer.body for secret in SECRETS), answer
        else:
            assert answer.status == 200, answer
            values, wanted = np.array(values_of(sent.encoding.path, body)), self._reference.predict(plain)
            np.testing.assert_allclose(values, wanted, rtol=TOLERANCE, atol=TOLERANCE)
        if sent.encoding.content_type != CSV and (fast := self.fast(sent)) is not None:
            assert not isinstance(plain, Problem), plain
            np.testing.assert_array_equal(fast, plain)


@pytest.fixture(scope="module", autouse=True)
def silent() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def california(bundle: Path) -> Target:
    return Target(bundle)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A model with every type that a signature may have."""
    features, target = bundles.california()
    folder = tmp_path_factory.mktemp("fuzz") / "mixed"
    return Target(bundles.write(folder, bundles.train(features, target), features[:20], MIXED))


@fuzz
@given(sent=fuzzing.requests(CALIFORNIA))
def test_requests_get_the_plain_way_s_answers(california: Target, sent: Sent) -> None:
    california.check(sent)


@fuzz
@given(sent=fuzzing.requests(CALIFORNIA, wrong=False))
def test_right_requests_are_answered(california: Target, sent: Sent) -> None:
    california.check(sent)
    rows = california.plain(sent)
    assert not isinstance(rows, Problem) or rows.code == "no_rows", rows


@fuzz
@given(sent=fuzzing.bent(CALIFORNIA))
def test_bent_requests_get_the_plain_way_s_answers(california: Target, sent: Sent) -> None:
    california.check(sent)


@fuzz
@given(sent=fuzzing.torn(CALIFORNIA))
def test_torn_requests_get_the_plain_way_s_answers(california: Target, sent: Sent) -> None:
    california.check(sent)


@fuzz
@given(sent=fuzzing.rewritten(CALIFORNIA))
def test_rewritten_requests_get_the_plain_way_s_answers(california: Target, sent: Sent) -> None:
    california.check(sent)


@fuzz
@given(sent=fuzzing.requests(MIXED) | fuzzing.bent(MIXED) | fuzzing.torn(MIXED) | fuzzing.rewritten(MIXED))
def test_every_type_gets_the_plain_way_s_answers(mixed: Target, sent: Sent) -> None:
    mixed.check(sent)


@fuzz
@given(body=st.binary(max_size=200), base=fuzzing.requests(CALIFORNIA))
def test_bytes_of_any_kind_are_refused_or_answered(california: Target, body: bytes, base: Sent) -> None:
    california.check(base._replace(body=body, plain=False))
