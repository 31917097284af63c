"""Models that the server of the other tests does not have."""

from __future__ import annotations

import re
from typing import Any

import openapi_spec_validator

from app.bundle import Field, Golden
from app.web.openapi import Limits, ModelDescription, document

LIMITS = Limits(max_rows=5, max_body_bytes=1000)


def described(rows: list[tuple[float | None, ...]], predictions: list[Any], *fields: Field) -> dict[str, Any]:
    model = ModelDescription("one", "1", fields, Golden(tuple(rows), tuple(predictions)))
    return document([model], "one", LIMITS)


def test_golden_rows_that_all_have_gaps_still_give_examples() -> None:
    made = described([(None,), (None,)], [0.5, 0.5], Field("x", "double", True))
    openapi_spec_validator.validate(made)
    assert made["components"]["schemas"]["one.Row"]["examples"] == [[None], [None]]
    assert "description" not in made["components"]["schemas"]["one.Row"]["prefixItems"][0]


def test_several_outputs_are_an_array_for_each_row() -> None:
    made = described([(1.0,), (2.0,)], [[0.25, 0.75], [0.5, 0.5]], Field("x", "double", False))
    openapi_spec_validator.validate(made)
    item = made["components"]["schemas"]["one.Predictions"]["items"]
    assert (item["minItems"], item["maxItems"]) == (2, 2)
    responses = made["paths"]["/v2/models/one/infer"]["post"]["responses"]["200"]["content"]["application/json"]
    (output,) = responses["examples"]["fields"]["value"]["outputs"]
    assert (output["shape"], output["data"]) == ([2, 2], [0.25, 0.75, 0.5, 0.5])


def test_a_csv_of_one_field_has_no_empty_lines() -> None:
    made = described([(1.0,)], [0.5], Field("x", "double", True))
    pattern = made["paths"]["/invocations"]["post"]["requestBody"]["content"]["text/csv"]["schema"]["pattern"]
    assert re.search(pattern, "x\n1.5\n")
    assert not re.search(pattern, "x\n\n")


def test_predictions_are_spelled_as_the_server_spells_them() -> None:
    made = described([(1.0,)], [4.2719154357910156], Field("x", "double", False))
    responses = made["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert responses["examples"]["rows"]["value"]["predictions"] == [4.2719154]
