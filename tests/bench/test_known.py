"""Requests with known answers: only the answer of the same request is right."""

import itertools
from pathlib import Path

import orjson
import pytest

from bench.bundle import Bundle
from bench.known import Known, Request


@pytest.fixture(scope="module")
def known(small_bundle: Bundle) -> Known:
    return Known({"7": small_bundle.folder}, clients=2)


def right(request: Request, version: str = "7") -> bytes:
    return orjson.dumps({"version": version, "predictions": request.predictions[version].tolist()})


def test_every_answer_is_right_for_its_own_request_alone(known: Known) -> None:
    requests = [request for client in known.clients for request in client]
    for one, other in itertools.product(requests, requests):
        assert bool(one.fault(right(other))) == (one is not other)


def test_bodies_are_from_60_bytes_to_1_mb(tmp_path: Path, small_bundle: Bundle) -> None:
    rows = [len(request.rows) for request in Known({"7": small_bundle.folder}, clients=1).clients[0]]
    assert (min(rows), max(rows)) == (1, 20_000)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"<html>", "no predictions"),
        (b'{"error": "x"}', "no predictions"),
        (b'{"version": "8", "predictions": [1.0]}', "version '8'"),
        (b'{"version": "7", "predictions": []}', "predictions of version 7"),
        (b'{"version": "7", "predictions": [null]}', "1 of 1 predictions"),
        (b'{"version": "7", "predictions": [1e9]}', "1 of 1 predictions"),
    ],
)
def test_any_other_answer_is_wrong(known: Known, answer: bytes, fault: str) -> None:
    assert fault in known.clients[0][0].fault(answer)


def test_a_version_is_right_once_it_is_accepted(known: Known, small_bundle: Bundle) -> None:
    request = known.clients[0][0]
    assert request.fault(orjson.dumps({"version": "9", "predictions": request.predictions["7"].tolist()}))
    known.accept("9", small_bundle.folder)
    assert not request.fault(right(request, "9"))


def test_a_model_with_too_few_predictions_is_refused(small_bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="wanted 900"):
        Known({"7": small_bundle.folder}, clients=100)
