from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.app.web.openapi.documented import Documented

PATHS = [f"/v2/models/{model}/infer" for model in ("california", "california/versions/7", "odd", "odd/versions/1.2")]


def changed(infer: dict[str, Any], **members: object) -> dict[str, Any]:
    """Return the request with members of its first input changed; one that is None is left out."""
    request = copy.deepcopy(infer)
    first = {**request["inputs"][0], **members}
    request["inputs"][0] = {key: value for key, value in first.items() if value is not None}
    return request


@pytest.mark.parametrize("path", PATHS)
def test_each_example_gets_the_answer_beside_it(api: Documented, path: str) -> None:
    api.check_examples(path)


@pytest.mark.parametrize("path", PATHS)
def test_takes_what_the_server_takes(api: Documented, path: str) -> None:
    fields = api.examples(path)["fields"]
    nested = [[value] for value in fields["inputs"][0]["data"]]
    for body in (
        changed(fields, shape=[3, 1]),
        changed(fields, shape=[3, 1], data=nested),
        {**fields, "parameters": {"any": "thing"}},
        {**fields, "outputs": [{"name": "predictions"}]},
        {"inputs": fields["inputs"]},
    ):
        assert api.agrees(path, body), body


@pytest.mark.parametrize("path", PATHS)
def test_refuses_what_the_server_refuses(api: Documented, path: str) -> None:
    fields = api.examples(path)["fields"]
    data = fields["inputs"][0]["data"]
    for body in (
        changed(fields, data=[[value] for value in data]),
        changed(fields, shape=[4]),
        changed(fields, data=data[:2]),
        changed(fields, data=None),
        changed(fields, name="more"),
        changed(fields, datatype="BYTES"),
        changed(fields, more=1),
        {**fields, "inputs": fields["inputs"][1:]},
        {**fields, "inputs": fields["inputs"] + fields["inputs"][:1]},
        {**fields, "id": 7},
        {**fields, "parameters": []},
        {**fields, "outputs": [{"name": "logits"}]},
        {**fields, "more": 1},
        {"id": "1"},
    ):
        assert not api.agrees(path, body), body


def test_a_matrix_has_the_rows_and_fields_of_its_shape(api: Documented) -> None:
    path = PATHS[0]
    matrix = api.examples(path)["nested"]
    assert api.agrees(path, changed(matrix, datatype="FP32"))
    for body in (changed(matrix, shape=[8, 3]), changed(matrix, name="more"), changed(matrix, data=[])):
        assert not api.agrees(path, body)


def test_fields_of_several_types_have_no_matrix(api: Documented) -> None:
    assert list(api.examples("/v2/models/odd/infer")) == ["fields"]
