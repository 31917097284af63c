from __future__ import annotations

import re

import openapi_spec_validator
import pytest

from app.web.openapi.schema import merged
from tests.app.web.openapi.documented import JSON, Documented


def test_is_valid_openapi(api: Documented) -> None:
    openapi_spec_validator.validate(api.document)


def test_has_each_route_of_the_application(api: Documented) -> None:
    models = [{"<name>": "california", "<version>": "7"}, {"<name>": "odd", "<version>": "1.2"}]
    routes = set()
    for method, rule in api.client.routes():
        for model in models:
            path = rule.replace("<name>", model["<name>"]).replace("<version>", model["<version>"])
            routes.add((method, path))
    assets = {route for route in routes if route[1].startswith("/docs/")}
    assert {(method, path) for method, path, _ in api.operations()} == routes - assets


def test_names_each_operation_once(api: Documented) -> None:
    names = [operation["operationId"] for _, _, operation in api.operations()]
    assert len(set(names)) == len(names)


def test_each_operation_is_in_a_group(api: Documented) -> None:
    used = {tag for _, _, operation in api.operations() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in api.document["tags"]}


def test_each_component_is_used(api: Documented) -> None:
    used = set(re.findall(r"'#/components/(\w+)/([^']+)'", str(api.document)))
    used |= {("securitySchemes", name) for requirement in api.document["security"] for name in requirement}
    assert used == {(kind, name) for kind, named in api.document["components"].items() for name in named}


def test_each_get_answers_as_described(api: Documented) -> None:
    for method, path, operation in api.operations():
        if method == "GET":
            response = api.client.get(path)
            ((kind, content),) = operation["responses"]["200"]["content"].items()
            assert response.status == 200
            assert response.headers["content-type"].partition(";")[0] == kind
            assert response.headers["x-request-id"]
            assert api.accepts(content["schema"], response.json if kind == JSON else response.text), path


def test_examples_have_whole_rows_and_one_with_a_gap(api: Documented) -> None:
    for model in ("california", "odd"):
        rows = api.schemas[f"{model}.Row"]["examples"]
        assert [None in row for row in rows] == [False, False, True]


def test_a_number_has_the_range_of_the_training_data(api: Documented) -> None:
    row = api.schemas["odd.Row"]["prefixItems"]
    assert re.fullmatch(r"\d+ to \d+ in training", row[0]["description"])
    assert "description" not in row[2]


def test_says_the_limits(api: Documented) -> None:
    assert "1 to 500 rows in at most 8388608 bytes" in api.document["info"]["description"]
    assert api.schemas["odd.Rows"]["maxItems"] == 500


def test_lists_the_models(api: Documented) -> None:
    assert api.document["x-slipway-models"] == [
        {"name": "california", "version": "7", "default": True},
        {"name": "odd", "version": "1.2", "default": False},
    ]


def test_nothing_is_described_twice() -> None:
    with pytest.raises(ValueError, match="two parts of the document have a"):
        merged({"a": 1}, {"a": 2})
