"""The fast way and the careful one: what the first accepts, the second accepts with the same numbers.

The rules themselves are in test_rules.py, for each request format, and in test_predictions.py for integers.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import simdjson

from app.bundle import Field
from app.prediction import json_body
from app.prediction.contract import Contract, NotFast
from app.prediction.formats.parts import in_order
from app.prediction.formats.rows import Rows
from app.prediction.formats.v2 import V2
from app.problem import Problem
from tests.app.bundles import CALIFORNIA
from tests.app.prediction.test_rules import GAP, ROW

PAIR = Contract([Field("a", "double", True), Field("b", "double", False)], max_rows=100)
DECLINED = (NotFast, Problem, ValueError, RuntimeError, TypeError, KeyError, AttributeError, IndexError)


def fast(contract: Contract, body: bytes) -> Any:
    view, nulls = json_body.parse_fast(simdjson.Parser(), body)
    table, _ = Rows().read(view, contract)
    return contract.fast_matrix(table, nulls, body.count(b"["))


def careful(contract: Contract, body: bytes) -> Any:
    table, _ = Rows().read(json_body.parse_python(body), contract)
    return contract.matrix(table)


@pytest.mark.parametrize("rows", [[ROW], [GAP], [ROW, GAP], [GAP] * 50, [[0, -0.0, 1e-45, 5e-324, 1, 2, 3, 4]]])
def test_both_ways_give_the_same_numbers(rows: list[list[Any]]) -> None:
    contract = Contract(CALIFORNIA, 100)
    body = json.dumps({"features": rows}).encode()
    np.testing.assert_array_equal(fast(contract, body), careful(contract, body))
    np.testing.assert_array_equal(fast(contract, body), np.array(rows, dtype=np.float32))


@pytest.mark.parametrize(
    "body",
    [
        b'{"features":[[1,2],[3]]}',
        b'{"features":[[1],[2,3,4]]}',
        b'{"features":[[1,[2]],[3,4]]}',
        b'{"features":[[[1,2]]]}',
        b'{"features":[[1,2,[]]]}',
        b'{"features":[1,2]}',
        b'{"features":[[1,2],3,4]}',
        b'{"features":[[1,2]],"features":[[1,2]]}',
        b'{"features":[[1,true]]}',
        b'{"features":[[1,"2"]]}',
        b'{"features":[[1,{}]]}',
        b'{"features":[[1,null]]}',
        b'{"features":[["null",2]]}',
        b'{"features":[[1,3.4028235677973366e38]]}',
        b'{"features":[[1,-1e39],[1,2]]}',
        b'{"a":[1],"b":[1,2]}',
        b'{"a":[1,[2]],"b":[1,2]}',
        b'{"a":[[1]],"b":[1]}',
        b'{"a":[1],"b":[1],"a":[1]}',
        b'{"a":1,"b":[1]}',
        b'{"a":[1],"b":[null]}',
        b'{"a":[],"b":[]}',
        b'{"features":[]}',
        b'{"features":[[]]}',
    ],
)
def test_what_is_wrong_passes_neither(body: bytes) -> None:
    with pytest.raises(DECLINED):
        fast(PAIR, body)
    with pytest.raises(Problem):
        careful(PAIR, body)


def test_numbers_do_not_pass_for_booleans() -> None:
    contract = Contract([Field("yes", "boolean", False)], 10)
    for body in (b'{"yes":[0,1]}', b'{"features":[[1]]}'):
        with pytest.raises(NotFast):
            fast(contract, body)
        with pytest.raises(Problem, match="wanted true or false"):
            careful(contract, body)


def test_an_integer_that_float64_would_round_is_left_to_the_careful_way() -> None:
    contract = Contract([Field("n", "long", False)], 10)
    with pytest.raises(NotFast):
        fast(contract, b'{"n":[9007199254740993]}')
    assert careful(contract, b'{"n":[9007199254740993]}')[0, 0] == np.float32(2**53)


@pytest.mark.parametrize("edge", ["9223372036854775807", "-9223372036854775808", "9007199254740993", "-0.0", "1e18"])
@pytest.mark.parametrize("form", ['{"n":[%s]}', '{"features":[[%s]]}'])
def test_a_long_to_its_edges_is_welcome(edge: str, form: str) -> None:
    contract = Contract([Field("n", "long", False)], 10)
    assert careful(contract, (form % edge).encode())[0, 0] == np.float32(float(edge))


@pytest.mark.parametrize(
    "beyond", ["9223372036854775808", "9223372036854775808.0", "-9223372036854775809", "1e19", "18446744073709551616"]
)
@pytest.mark.parametrize("form", ['{"n":[%s]}', '{"features":[[%s]]}'])
def test_the_next_integer_is_refused(beyond: str, form: str) -> None:
    contract = Contract([Field("n", "long", False)], 10)
    with pytest.raises(DECLINED):
        fast(contract, (form % beyond).encode())
    for read in (json_body.parse_python, json_body.parse):
        table, _ = Rows().read(read((form % beyond).encode()), contract)
        with pytest.raises(Problem, match="field 'n', row 0: wanted an integer from"):
            contract.matrix(table)


@pytest.mark.parametrize(
    ("datatype", "value", "right"),
    [
        ("INT64", 2**63 - 1, True),
        ("INT64", 2**63, False),
        ("UINT64", 2**64 - 1, True),
        ("UINT64", 2**64, False),
        ("UINT8", 255, True),
        ("UINT8", 256, False),
    ],
)
def test_a_datatype_s_range_is_exact(datatype: str, value: int, right: bool) -> None:
    contract = Contract([Field("x", "double", False)], 10)
    data = {"name": "x", "shape": [1], "datatype": datatype, "data": [value]}
    body = json.dumps({"inputs": [data]}).encode()
    table, _ = V2().read(json_body.parse(body), contract)
    if right:
        assert contract.matrix(table).tolist() == [[np.float32(value)]]
    else:
        with pytest.raises(Problem, match="field 'x', row 0: wanted an integer from"):
            contract.matrix(table)


def test_columns_in_another_order_take_the_fast_way() -> None:
    body = b'{"columns":["b","a"],"data":[[2,1],[4,null]]}'
    view, nulls = json_body.parse_fast(simdjson.Parser(), body)
    table = in_order(view["columns"], view["data"], PAIR, 4)
    rows = PAIR.fast_matrix(table, nulls, body.count(b"["))
    assert str(rows.tolist()) == "[[1.0, 2.0], [nan, 4.0]]"
    assert rows.flags.c_contiguous
