from __future__ import annotations

import json
from typing import Any

import pytest

from app.bundle import Field
from app.prediction.contract import Contract
from app.prediction.formats.mlflow import MLflow
from app.problem import Problem

CONTRACT = Contract([Field("a", "double", False), Field("b", "double", True)], 10)


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
    ("code", "wanted"),
    [("wrong_type", "BAD_REQUEST"), ("not_found", "RESOURCE_DOES_NOT_EXIST"), ("internal", "INTERNAL_ERROR")],
)
def test_errors_have_mlflow_s_form(code: str, wanted: str) -> None:
    error = json.loads(MLflow().error(Problem(code, "why", "a", 1), "id"))
    assert error == {"error_code": wanted, "message": "field 'a', row 1: why"}
