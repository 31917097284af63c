from __future__ import annotations

import math

import pytest
import simdjson

from app.prediction import json_body
from app.problem import Problem


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a": 01}', "invalid_json"),
        (b'{"a": 1,}', "invalid_json"),
        (b"\xff", "invalid_json"),
        (b'"\xed\xa0\x80"', "invalid_json"),
        (b"[" * 100_000, "too_deep"),
        (b"[" + b"9" * 5000 + b"]", "out_of_range"),
        (b'{"a": 1, "a": 1}', "duplicate_field"),
        (b'{"x": [{"b": 1, "c": 2, "b": 3}]}', "duplicate_field"),
    ],
)
def test_what_is_not_strict_json_is_a_problem(body: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        json_body.parse_python(body)
    assert caught.value.code == code


def test_the_error_says_where() -> None:
    with pytest.raises(Problem, match="line 2, column 7"):
        json_body.parse_python(b'{\n "a": nope}')


def test_numbers_beyond_json_come_as_floats_for_the_contract_to_refuse() -> None:
    assert json_body.parse_python(b"[1e400, -Infinity]") == [math.inf, -math.inf]
    assert math.isnan(json_body.parse_python(b"[NaN]")[0])


def test_a_null_becomes_a_number_that_nobody_can_send_by_chance() -> None:
    view, nulls = json_body.parse_fast(simdjson.Parser(), b"[1, null, null]")
    assert nulls == 2
    assert list(view) == [1, json_body.NULL, json_body.NULL]
    assert json_body.NULL > 1e299


@pytest.mark.parametrize(
    "body",
    [
        b"[-null]",
        b"[null0]",
        b"[0null]",
        b"[nullnull]",
        b"[1.null]",
        b"[1e-null]",
        b"[null.5]",
        b"[nulle5]",
        b"null null",
    ],
)
def test_what_only_looks_like_null_stays_invalid(body: bytes) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        json_body.parse_fast(simdjson.Parser(), body)
    with pytest.raises(Problem):
        json_body.parse_python(body)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"a":[NaN, NaN,\nNaN ],"b":NaN}', b'{"a":[null, null,\nnull ],"b":null}'),
        (b'["NaN", "isNaN", NaN0, -NaN]', b'["NaN", "isNaN", NaN0, -NaN]'),
    ],
)
def test_nan_is_null_where_it_is_a_value(body: bytes, wanted: bytes) -> None:
    assert json_body.with_nulls(body) == wanted


def test_more_values_than_may_be_are_refused_before_anything_is_made_of_them() -> None:
    for body in (b"[1,2,3]", b"[[[]]]", b'{"a":{},"b":[]}', b"[" * 3):
        json_body.check_values(body, 4)
        with pytest.raises(Problem, match="wanted at most 2 values, arrays and objects"):
            json_body.check_values(body, 2)


def test_a_large_body_that_simdjson_cannot_read_is_not_read_again() -> None:
    """Python's objects of it could take more memory than there is."""
    huge = b"[" + b"1" * 25 + b"," + b"1," * (json_body.MAX_EXPLAINED // 2) + b"1]"
    with pytest.raises(Problem, match="not JSON, or has an integer beyond 64 bits; above 1048576 bytes"):
        json_body.parse(huge)
    assert json_body.parse(b"[" + b"1" * 25 + b"]") == [int("1" * 25)]
    assert list(json_body.parse(b"\xef\xbb\xbf[1]")) == [1]
