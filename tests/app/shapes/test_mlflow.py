from __future__ import annotations

import json
from typing import Any

import pytest

from app.bundle import Field
from app.contract import Contract
from app.problem import Problem
from app.shapes.mlflow import MLflow

CONTRACT = Contract([Field("a", "double", False), Field("b", "double", True)], 10)
TYPED = Contract([Field("n", "integer", False), Field("yes", "boolean", False)], 10)


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, None]]}},
        {"dataframe_split": {"columns": ["b", "a"], "data": [[2, 1], [None, 3]], "index": [0, 1]}},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, None]], "index": ["x", None]}},
        {"dataframe_records": [{"a": 1, "b": 2}, {"b": None, "a": 3}]},
        {"instances": [[1, 2], [3, None]]},
        {"instances": [{"a": 1, "b": 2}, {"a": 3, "b": None}]},
        {"inputs": {"a": [1, 3], "b": [2, None]}},
        {"inputs": [[1, 2], [3, None]]},
        {"instances": [[1, 2], [3, None]], "params": {}},
    ],
    ids=str,
)
def test_every_documented_form_says_the_same(document: Any) -> None:
    table, _ = MLflow().read(document, CONTRACT)
    assert str(CONTRACT.matrix(table).tolist()) == "[[1.0, 2.0], [3.0, nan]]"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "wrong_shape"),
        ({"instances": [[1, 2]], "inputs": [[1, 2]]}, "wrong_shape"),
        ({"instances": [[1, 2]], "params": {"temperature": 1}}, "unsupported"),
        ({"instances": [[1, 2]], "signature_name": "x"}, "unknown_field"),
        ({"instances": [{"a": 1, "b": 2}, [1, 2]]}, "wrong_type"),
        ({"instances": {"a": [1]}}, "wrong_type"),
        ({"instances": None}, "wrong_type"),
        ({"dataframe_records": [[1, 2]]}, "wrong_type"),
        ({"dataframe_records": {"a": 1}}, "wrong_type"),
        ({"dataframe_records": [{"a": 1}]}, "missing_field"),
        ({"dataframe_records": [{"a": 1, "b": 1, "c": 1}]}, "unknown_field"),
        ({"dataframe_split": {"columns": ["a", "b"]}}, "missing_field"),
        ({"dataframe_split": {"data": [[1, 2]]}}, "missing_field"),
        ({"dataframe_split": {"columns": ["a", 1], "data": [[1, 2]]}}, "wrong_type"),
        ({"dataframe_split": {"columns": ["a", ["b"]], "data": [[1, 2]]}}, "wrong_type"),
        ({"dataframe_split": {"columns": ["b", "a"], "data": [[1]]}}, "wrong_shape"),
        ({"dataframe_split": {"columns": ["b", "a"], "data": [1]}}, "wrong_shape"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]], "index": [0, 1]}}, "wrong_shape"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]], "dtype": "f"}}, "unknown_field"),
    ],
    ids=str,
)
def test_what_its_own_server_guesses_about_is_refused(document: Any, code: str) -> None:
    with pytest.raises(Problem) as caught:
        CONTRACT.matrix(MLflow().read(document, CONTRACT)[0])
    assert caught.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n1,2\n3,\n",
        b"b,a\r\n2,1\r\n,3\r\n",
        b'"a","b"\n"1",2.0\n+3e0,\n',
        b"\xef\xbb\xbfa,b\n1,2\n3,",
        b"a,b\n1,2\n\n3,\n",
    ],
)
def test_csv_is_read_with_empty_cells_as_missing(body: bytes) -> None:
    assert str(CONTRACT.matrix(MLflow().read_csv(body, CONTRACT)).tolist()) == "[[1.0, 2.0], [3.0, nan]]"


@pytest.mark.parametrize(
    "cell", ["nan", "inf", "-Infinity", "1_000", " 1", "0x10", "one", "1,5", "1e", "true", "1.2.3"]
)
def test_csv_has_no_number_but_plain_ones(cell: str) -> None:
    with pytest.raises(Problem) as caught:
        CONTRACT.matrix(MLflow().read_csv(f"a,b\n{cell},1\n".encode(), CONTRACT))
    assert (caught.value.row, cell in str(caught.value) and len(cell) > 3) == (0, False)


@pytest.mark.parametrize(
    "body",
    [b"", b"a,b", b"a\n1\n", b"a,b,c\n1,2,3\n", b"a,a\n1,2\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n"1,2\n', b"\xff\n"],
)
def test_csv_that_is_not_of_the_signature_is_refused(body: bytes) -> None:
    with pytest.raises(Problem):
        CONTRACT.matrix(MLflow().read_csv(body, CONTRACT))


def test_csv_knows_integers_and_booleans() -> None:
    assert TYPED.matrix(MLflow().read_csv(b"n,yes\n3,true\n4,False\n", TYPED)).tolist() == [[3.0, 1.0], [4.0, 0.0]]
    for wrong in (b"n,yes\n2.5,true\n", b"n,yes\n3,1\n", b"n,yes\n3,yes\n"):
        with pytest.raises(Problem):
            TYPED.matrix(MLflow().read_csv(wrong, TYPED))


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("wrong_type", "BAD_REQUEST"), ("not_found", "RESOURCE_DOES_NOT_EXIST"), ("internal", "INTERNAL_ERROR")],
)
def test_errors_have_mlflow_s_form(code: str, wanted: str) -> None:
    error = json.loads(MLflow().error(Problem(code, "why", "a", 1), "id"))
    assert error == {"error_code": wanted, "message": "field 'a', row 1: why"}
