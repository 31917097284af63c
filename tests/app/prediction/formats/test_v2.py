from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from app.bundle import Field
from app.prediction.contract import Contract
from app.prediction.formats.request_format import ModelId
from app.prediction.formats.v2 import V2
from app.problem import Problem

CONTRACT = Contract([Field("a", "double", False), Field("n", "long", True)], 10)


def tensor(name: str, data: list[Any], datatype: str = "INT64", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data, **more}


def read(*inputs: Any, **more: Any) -> str:
    table, extra = V2().read({"inputs": list(inputs), **more}, CONTRACT)
    return f"{CONTRACT.matrix(table).tolist()} {extra}"


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor("a", [1, 3], "FP64"), tensor("n", [2, None])],
        [tensor("n", [2, None], "UINT8"), tensor("a", [1, 3], "INT32")],
        [tensor("a", [[1], [3]], "FP32", shape=[2, 1]), tensor("n", [2, None], shape=[2, 1])],
        [tensor("features", [[1, 2], [3, None]], shape=[2, 2])],
        [tensor("features", [1, 2, 3, None], shape=[2, 2])],
        [tensor("a", [1, 3], "FP16", parameters={"content_type": "np"}), tensor("n", [2, None])],
    ],
    ids=str,
)
def test_tensors_nested_or_flat_by_field_or_as_a_matrix_say_the_same(inputs: list[Any]) -> None:
    assert read(*inputs) == "[[1.0, 2.0], [3.0, nan]] None"


def test_the_id_comes_back_and_a_request_without_one_gets_its_request_id() -> None:
    _, extra = V2().read({"inputs": [tensor("a", [1]), tensor("n", [1])], "id": "mine"}, CONTRACT)
    for sent_id, wanted in ((extra, "mine"), (None, "r1"), ("\ud800é", "\ud800é")):
        assert json.loads(V2().answer(np.ones(1, np.float32), ModelId("m", "7"), "r1", sent_id))["id"] == wanted


def test_the_answer_is_one_tensor() -> None:
    answer = json.loads(V2().answer(np.array([0.5, 1], np.float32), ModelId("m", "7"), "r1", None))
    output = {"name": "predictions", "shape": [2], "datatype": "FP32", "data": [0.5, 1.0]}
    assert answer == {"model_name": "m", "model_version": "7", "id": "r1", "outputs": [output]}
    several = json.loads(V2().answer(np.eye(2, dtype=np.float32), ModelId("m", "7"), "r1", None))["outputs"][0]
    assert (several["shape"], several["data"]) == ([2, 2], [1.0, 0.0, 0.0, 1.0])


A, N = tensor("a", [1.5, 2], "FP64"), tensor("n", [1, 2])


@pytest.mark.parametrize(
    ("inputs", "more", "code", "field"),
    [
        ([A], {}, "missing_field", "n"),
        ([A, N, tensor("c", [1, 2])], {}, "unknown_field", None),
        ([A, N, N], {}, "duplicate_field", "n"),
        ([A, tensor("n", [1.5, 2])], {}, "wrong_type", "n"),
        ([A, tensor("n", [1, 2], "FP64")], {}, "wrong_type", "n"),
        ([tensor("a", [1, 2], "BOOL"), N], {}, "wrong_type", "a"),
        ([tensor("a", ["1", "2"], "BYTES"), N], {}, "wrong_type", "a"),
        ([tensor("a", [1, 2], "FP128"), N], {}, "wrong_type", "a"),
        ([A, tensor("n", [1, 200], "INT8")], {}, "out_of_range", "n"),
        ([A, tensor("n", [1, -1], "UINT16")], {}, "out_of_range", "n"),
        ([tensor("a", [1.5, 2], "INT8"), N], {}, "wrong_type", "a"),
        ([A, tensor("n", [1, 2, 3])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=[3])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=[1, 2])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [[1], [2]])], {}, "wrong_type", "n"),
        ([A, tensor("n", [[1], [2, 3]], shape=[2, 1])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=["2"])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=[True])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=[-2])], {}, "wrong_shape", "n"),
        ([A, tensor("n", [1, 2], shape=[])], {}, "wrong_shape", "n"),
        ([tensor("features", [1, 2, 3], shape=[1, 3])], {}, "wrong_shape", "features"),
        ([tensor("features", [1, 2, 3], shape=[2, 2])], {}, "wrong_shape", "features"),
        ([tensor("features", [[1, 2]], shape=[2, 2])], {}, "wrong_shape", "features"),
        ([tensor("features", [], shape=[0, 2])], {}, "no_rows", None),
        ([], {}, "missing_field", "a"),
        ([7], {}, "wrong_type", None),
        ([{"name": "a", "shape": [1]}, N], {}, "missing_field", "datatype"),
        ([{"name": "a", "shape": [1], "datatype": "FP32"}, N], {}, "missing_field", "a"),
        (
            [{"name": "a", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}, N],
            {},
            "unsupported",
            "a",
        ),
        ([A, N], {"outputs": [{"name": "other"}]}, "unknown_field", None),
        ([A, N], {"outputs": ["predictions"]}, "wrong_type", None),
        ([A, N], {"id": 7}, "wrong_type", "id"),
        ([A, N], {"parameters": []}, "wrong_type", "parameters"),
        ([A, N], {"extra": 1}, "unknown_field", None),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused_by_name(
    inputs: list[Any], more: dict[str, Any], code: str, field: str | None
) -> None:
    with pytest.raises(Problem) as caught:
        read(*inputs, **more)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_an_error_is_one_sentence() -> None:
    error = json.loads(V2().error(Problem("wrong_type", "wanted a number", "a", 3), "id"))
    assert error == {"error": "field 'a', row 3: wanted a number"}


def test_a_wish_for_binary_outputs_is_answered_in_json() -> None:
    """Triton's client wishes for them by default, and reads JSON as well."""
    outputs = [{"name": "predictions", "parameters": {"binary_data": True}}]
    assert read(A, N, outputs=outputs, parameters={"binary_data_output": True}).startswith("[[1.5")
