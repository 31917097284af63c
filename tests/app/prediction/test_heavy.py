"""Bodies made to cost a lot: the work for each grows in proportion to its bytes, in every request format."""

from __future__ import annotations

import time

import pytest

from app.prediction.predictions import Answer, Predictions
from app.prediction.request_info import RequestInfo
from tests.app.costly import BODIES, Costly

SMALL = 16 * 1024
TIMES = 8
# A linear cost grows by TIMES, a quadratic one by its square.
MOST = TIMES * 4
# Below this the clock says nothing.
FLOOR = 0.001


@pytest.fixture(autouse=True)
def unlimited(predictions: Predictions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read whatever is sent: refused at once, a body would cost nothing, whatever reading it costs."""
    monkeypatch.setattr(predictions._bodies, "_max_values", 10**9)


def answer(predictions: Predictions, body: Costly, size: int) -> tuple[Answer, float]:
    """Return the answer and this thread's CPU seconds for it, the least of three times."""
    data = body.make(size).encode()
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        got = predictions.answer(predictions.routes[body.path], RequestInfo(body.content_type), data)
        seconds.append(time.thread_time() - start)
    return got, min(seconds)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_work_grows_as_the_body_does(predictions: Predictions, body: Costly) -> None:
    _, small = answer(predictions, body, SMALL)
    got, large = answer(predictions, body, SMALL * TIMES)
    assert large < MOST * max(small, FLOOR)
    assert got.status in (200, 400, 422)
    assert got.status == 200 or len(got.body) < 1000
