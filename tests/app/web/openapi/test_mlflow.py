from __future__ import annotations

import pytest

from tests.app.web.openapi.documented import Documented
from tests.app.web.openapi.test_rows import NAMES, ROW

RECORD = dict(zip(NAMES, ROW, strict=True))
HEADER = ",".join(NAMES)


def test_each_example_gets_the_answer_beside_it(api: Documented) -> None:
    api.check_examples("/invocations")


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [ROW]},
        {"instances": [RECORD, RECORD]},
        {"instances": [ROW], "params": {}},
        {"inputs": [RECORD]},
        {"inputs": {name: [1] for name in NAMES}},
        {"dataframe_records": [RECORD]},
        {"dataframe_split": {"columns": NAMES, "data": [ROW] * 4}},
        {"dataframe_split": {"columns": NAMES, "data": [ROW], "index": ["a"]}},
        f"{HEADER}\r\n1,2,3,,5,6,7,8\r\n",
        f"{HEADER}\n-1.5,2e-05,3e16,4,5,6,7,0.125\n1,2,3,4,5,6,7,8\n",
    ],
)
def test_takes_what_the_server_takes(api: Documented, body: object) -> None:
    assert api.agrees("/invocations", body)


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [ROW, RECORD]},
        {"instances": [ROW], "params": {"depth": 3}},
        {"instances": [ROW], "inputs": [ROW]},
        {"instances": {name: [1] for name in NAMES}},
        {"dataframe_records": [{**RECORD, "More": 1}]},
        {"dataframe_records": [dict.fromkeys(NAMES[1:], 1)]},
        {"dataframe_records": [ROW]},
        {"dataframe_split": {"columns": NAMES, "data": [ROW], "index": [0, 1]}},
        {"dataframe_split": {"columns": NAMES[:-1], "data": [ROW]}},
        {"dataframe_split": {"data": [ROW]}},
        {},
        "MedInc\n1\n",
        f"{HEADER}\n1,2,3,4,5,6,7,\n",
        f"{HEADER}\n1,2,3,4,5,6,7,nan\n",
        f"{HEADER}\n",
    ],
)
def test_refuses_what_the_server_refuses(api: Documented, body: object) -> None:
    assert not api.agrees("/invocations", body)
