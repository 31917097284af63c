from __future__ import annotations

import json

import numpy as np
import pytest

from app.bundle import Field
from app.prediction.contract import Contract
from app.prediction.formats.request_format import ModelId
from app.prediction.formats.rows import Rows
from app.problem import Problem

CONTRACT = Contract([Field("a", "double", False), Field("b", "double", True)], 10)


def test_rows_and_columns_are_told_apart_by_their_names() -> None:
    rows, _ = Rows().read({"features": [[1, 2]]}, CONTRACT)
    columns, _ = Rows().read({"b": [2], "a": [1]}, CONTRACT)
    assert CONTRACT.matrix(rows).tolist() == CONTRACT.matrix(columns).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([[1, 2]], "wrong_type"),
        ("text", "wrong_type"),
        (None, "wrong_type"),
        ({"features": {"a": 1}}, "wrong_type"),
        ({"features": [[1, 2]], "a": [1]}, "unknown_field"),
    ],
)
def test_what_is_neither_is_refused(document: object, code: str) -> None:
    with pytest.raises(Problem) as caught:
        Rows().read(document, CONTRACT)
    assert caught.value.code == code


def test_an_answer_names_the_model_and_gives_the_shortest_float32() -> None:
    predictions = np.array([0.1, 4.2719154], dtype=np.float32)
    answer = Rows().answer(predictions, ModelId("m", "7"), "id", None)
    assert answer == b'{"predictions":[0.1,4.2719154],"model":"m","version":"7"}'


def test_an_answer_with_several_outputs_is_nested() -> None:
    answer = json.loads(Rows().answer(np.eye(2, dtype=np.float32), ModelId("m", "7"), "id", None))
    assert answer["predictions"] == [[1.0, 0.0], [0.0, 1.0]]


def test_an_error_says_code_message_field_and_row() -> None:
    error = json.loads(Rows().error(Problem("wrong_type", "wanted a number", "a", 3), "id"))["error"]
    assert error == {"code": "wrong_type", "message": "field 'a', row 3: wanted a number", "field": "a", "row": 3}
