"""The rules of the contract, each tested in every request format."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest

from app.engines.xgboost import XGBoost
from app.prediction.predictions import Answer, Predictions
from app.prediction.request_info import CSV, RequestInfo
from tests.app.encodings import ENCODINGS, NAMES, Encoding, values_of

ROW = [8.3252, 41.0, 6.984126984126984, 1.0238095238095237, 322.0, 2.5555555555555554, 37.88, -122.23]
GAP = [*ROW[:3], None, *ROW[4:]]
CANARY = "canary-8675309"

every_format = pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
named_shapes = {name: encoding for name, encoding in ENCODINGS.items() if encoding.named}
every_named_shape = pytest.mark.parametrize("encoding", named_shapes.values(), ids=named_shapes)
json_shapes = {name: encoding for name, encoding in ENCODINGS.items() if encoding.content_type != CSV}
every_json_shape = pytest.mark.parametrize("encoding", json_shapes.values(), ids=json_shapes)
# An array or object for each field has no place for a value too many.
positional = ("rows", "dataframe_split", "instances", "csv", "v2 matrix")
every_positional_shape = pytest.mark.parametrize("encoding", [ENCODINGS[name] for name in positional], ids=positional)


def ask(predictions: Predictions, encoding: Encoding, body: bytes) -> Answer:
    return predictions.answer(predictions.routes[encoding.path], RequestInfo(encoding.content_type), body)


def with_cell(value: Any) -> list[list[Any]]:
    """Two rows, the second with `value` for Population."""
    return [ROW, [*ROW[:4], value, *ROW[5:]]]


def assert_refused(answer: Answer, code: str, *named: str, status: int = 422) -> None:
    """The answer is an error of its protocol that names what is wrong and does not repeat the caller's value."""
    document = json.loads(answer.body)
    message = document.get("message") or (
        document["error"] if isinstance(document["error"], str) else document["error"]["message"]
    )
    assert answer.status == status, answer
    for word in named:
        assert word in message
    if "error" in document and not isinstance(document["error"], str):
        assert document["error"]["code"] == code
    assert CANARY.encode() not in answer.body
    assert b"8675309" not in answer.body


@every_format
def test_right_rows_get_xgboost_s_answers(predictions: Predictions, encoding: Encoding) -> None:
    rows: list[list[float | None]] = [[*ROW], GAP, [int(value) for value in ROW]]
    answer = ask(predictions, encoding, encoding.write(rows, NAMES))
    reference = XGBoost(predictions.models[0].bundle.model).predict(np.array(rows, dtype=np.float32))
    assert answer.status == 200, answer
    assert values_of(encoding.path, json.loads(answer.body)) == pytest.approx(reference.tolist(), rel=1e-5)


@every_format
@pytest.mark.parametrize("count", [1, 2, 300])
def test_any_number_of_rows_gets_as_many_answers(predictions: Predictions, encoding: Encoding, count: int) -> None:
    answer = ask(predictions, encoding, encoding.write([ROW] * count, NAMES))
    assert len(values_of(encoding.path, json.loads(answer.body))) == count


@every_format
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (CANARY, "wrong_type"),
        ("NaN", "wrong_type"),
        (True, "wrong_type"),
        ({"canary-8675309": 1}, "wrong_type"),
        (math.nan, "not_finite"),
        (math.inf, "not_finite"),
        (-math.inf, "not_finite"),
        (1e39, "out_of_range"),
        (-3.5e38, "out_of_range"),
        (10**400, "out_of_range"),
        (None, "missing_value"),
    ],
    ids=repr,
)
def test_a_wrong_cell_is_refused_by_field_and_row(
    predictions: Predictions, encoding: Encoding, value: Any, code: str
) -> None:
    if encoding.content_type == CSV:
        # CSV has text alone: what is no number is of the wrong type, and 1e39 too large as ever.
        code = code if code in ("out_of_range", "missing_value") else "wrong_type"
    if encoding.path == "/invocations" and (value != value or (value == "NaN" and encoding.content_type == CSV)):
        # MLflow's client writes a missing value as NaN.
        code = "missing_value"
    assert_refused(ask(predictions, encoding, encoding.write(with_cell(value), NAMES)), code, "Population", "row 1")


@every_format
def test_a_number_that_no_float64_holds_is_refused(predictions: Predictions, encoding: Encoding) -> None:
    body = encoding.write(with_cell(8675309), NAMES).replace(b"8675309", b"1e400")
    assert_refused(ask(predictions, encoding, body), "not_finite", "Population", "row 1")


@every_json_shape
def test_digits_in_a_text_are_no_number(predictions: Predictions, encoding: Encoding) -> None:
    answer = ask(predictions, encoding, encoding.write(with_cell("8675309"), NAMES))
    assert_refused(answer, "wrong_type", "Population", "row 1")


@every_format
def test_float32_s_largest_is_welcome_and_the_next_is_not(predictions: Predictions, encoding: Encoding) -> None:
    largest = float(np.finfo(np.float32).max)
    assert ask(predictions, encoding, encoding.write(with_cell(largest), NAMES)).status == 200
    beyond = 2.0**128 - 2.0**103
    assert_refused(ask(predictions, encoding, encoding.write(with_cell(beyond), NAMES)), "out_of_range", "Population")


@every_json_shape
@pytest.mark.parametrize("cell", [[CANARY], [1.0], [], [[1.0]], [1.0, 2.0]], ids=repr)
def test_an_array_in_a_cell_is_refused(predictions: Predictions, encoding: Encoding, cell: list[Any]) -> None:
    for rows in (with_cell(cell), [[*ROW[:4], cell, *ROW[5:]]]):
        assert_refused(ask(predictions, encoding, encoding.write(rows, NAMES)), "wrong_type")


@every_format
def test_no_rows_are_refused(predictions: Predictions, encoding: Encoding) -> None:
    answer = ask(predictions, encoding, encoding.write([], NAMES))
    assert_refused(answer, "no_rows", "at least one row")


@every_format
def test_too_many_rows_are_refused_with_the_limit(predictions: Predictions, encoding: Encoding) -> None:
    predictions.models[0].contract.max_rows = 3
    assert ask(predictions, encoding, encoding.write([ROW] * 3, NAMES)).status == 200
    assert_refused(ask(predictions, encoding, encoding.write([ROW] * 4, NAMES)), "too_many_rows", "at most 3 rows")


@every_format
def test_a_row_too_short_is_refused(predictions: Predictions, encoding: Encoding) -> None:
    for rows in ([ROW, ROW[:-1]], [ROW[:-1], ROW], [ROW[:-1]]):
        assert 400 <= ask(predictions, encoding, encoding.write(rows, NAMES)).status < 500


@every_positional_shape
def test_a_row_too_long_is_refused(predictions: Predictions, encoding: Encoding) -> None:
    for rows in ([ROW, [*ROW, 1.0]], [[*ROW, 1.0], ROW], [[*ROW, 1.0]], [ROW[:-1], [*ROW, 1.0]]):
        assert 400 <= ask(predictions, encoding, encoding.write(rows, NAMES)).status < 500


@every_named_shape
def test_a_field_left_out_is_named(predictions: Predictions, encoding: Encoding) -> None:
    rows = [ROW[:5] + ROW[6:]] * 2
    names = NAMES[:5] + NAMES[6:]
    assert_refused(ask(predictions, encoding, encoding.write(rows, names)), "missing_field", "AveOccup")


@every_named_shape
def test_a_field_too_many_is_named_with_the_nearest_known(predictions: Predictions, encoding: Encoding) -> None:
    answer = ask(predictions, encoding, encoding.write([[*ROW, 1.0]] * 2, [*NAMES, "Populatoin"]))
    assert_refused(answer, "unknown_field", "Populatoin", "'Population'")


@every_named_shape
@pytest.mark.parametrize("name", ["8675309.25", CANARY, "", "n", f"\n{CANARY}", CANARY * 1000])
def test_a_name_that_may_be_a_value_is_told_by_its_place(
    predictions: Predictions, encoding: Encoding, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    if encoding.content_type == CSV:
        name = name.replace("\n", "")
    names = [*NAMES[:2], name, *NAMES[3:]]
    answer = ask(predictions, encoding, encoding.write([ROW] * 2, names))
    place = {"/invocations": "(column|member)", "/predict": "column"}.get(encoding.path, "input")
    assert re.search(rf"{place} 2[,:].*is not in the model's signature", answer.body.decode())
    assert_refused(answer, "unknown_field", *NAMES)
    assert CANARY not in caplog.text + str([vars(record) for record in caplog.records])
    assert "8675309" not in caplog.text + str([vars(record) for record in caplog.records])


@every_named_shape
@pytest.mark.parametrize("name", ["population", " Population ", "Populatoin", "POPULATION"])
def test_a_name_that_looks_like_a_field_s_is_repeated(predictions: Predictions, encoding: Encoding, name: str) -> None:
    answer = ask(predictions, encoding, encoding.write([ROW] * 2, [*NAMES[:4], name, *NAMES[5:]]))
    assert_refused(answer, "unknown_field", repr(name), "did you mean 'Population'?")


@every_named_shape
def test_a_field_given_twice_is_named(predictions: Predictions, encoding: Encoding) -> None:
    answer = ask(predictions, encoding, encoding.write([[*ROW, 37.0]] * 2, [*NAMES, "Latitude"]))
    assert_refused(answer, "duplicate_field", "Latitude")


@every_named_shape
def test_fields_may_come_in_any_order(predictions: Predictions, encoding: Encoding) -> None:
    straight = ask(predictions, encoding, encoding.write([ROW, GAP], NAMES))
    reverse = ask(predictions, encoding, encoding.write([ROW[::-1], GAP[::-1]], NAMES[::-1]))
    assert values_of(encoding.path, json.loads(straight.body)) == values_of(encoding.path, json.loads(reverse.body))


@every_format
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1, 2", b'{"features": [[1, nul]]}', b"\xff\xfe", b"null", b"7", b'"x"', b"[]"]
)
def test_what_is_no_document_of_the_shape_is_refused(predictions: Predictions, encoding: Encoding, body: bytes) -> None:
    answer = ask(predictions, encoding, body)
    assert 400 <= answer.status < 500
    assert json.loads(answer.body)


@every_format
def test_nesting_without_end_is_refused(predictions: Predictions, encoding: Encoding) -> None:
    for text in (b"[" * 100_000, b'{"features":' + b"[" * 50_000 + b"]" * 50_000 + b"}", b'{"a":' * 5_000):
        assert 400 <= ask(predictions, encoding, text).status < 500
