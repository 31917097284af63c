"""Bodies made to cost: what is refused is refused before much is done about it.

Each of these took from seconds to hours where some step's cost grew with the square of the body.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.predictions import CSV, JSON, Asked, Predictions
from tests.app.encodings import INFER, NAMES

SIZE = 2 * 1024 * 1024
ROW = "1,1,1,1,1,1,1,1"
HEADER = ",".join(NAMES)


TENSOR = '{"name":"a","shape":[1],"datatype":"FP64","data":[1]}'
MATRIX = f'{{"name":"features","shape":[...,8],"datatype":"FP64","data":[{ROW}]}}'


def many(text: str, size: int = SIZE) -> str:
    """Return the text, separated by commas, as often as it fits."""
    return ",".join([text] * (size // (len(text) + 1)))


def put(template: str, text: str) -> str:
    """Return the template with the text where it has three dots."""
    return template.replace("...", text)


def keys(last: int = SIZE // 10) -> str:
    """Return members of an object, all with names of their own but the one that `last` numbers."""
    return ",".join([*(f'"{i:x}":1' for i in range(SIZE // 10)), f'"{last:x}":1'])


def columns() -> str:
    return ",".join(f'"{name}":[{many("1", SIZE // 8)}]' for name in NAMES)


PREDICT: dict[str, Callable[[], str]] = {
    "unknown names": lambda: put("{...}", keys()),
    "a name given twice at the end": lambda: put("{...}", keys(SIZE // 10 - 1)),
    "a long name": lambda: put('{"...":[1]}', "MedInc" * (SIZE // 6)),
    "long names": lambda: put("{...}", many(put('"...":1', "a" * 100_000))),
    "rows": lambda: put('{"features":[...]}', many(f"[{ROW}]")),
    "columns": lambda: put("{...}", columns()),
    "depth": lambda: "[" * SIZE,
    "digits of an integer": lambda: put('{"features":[[...]]}', "1" * SIZE),
    "digits of a fraction": lambda: put('{"features":[[...]]}', "0." + "1" * SIZE),
}
INVOCATIONS: dict[str, Callable[[], str]] = {
    "unknown forms": lambda: put("{...}", keys()),
    "records": lambda: put('{"dataframe_records":[...]}', many("{}")),
}
CSVS: dict[str, Callable[[], str]] = {
    "rows": lambda: HEADER + f"\n{ROW}" * (SIZE // 16),
    "short rows": lambda: HEADER + "\n1" * (SIZE // 2),
    "columns": lambda: many("a"),
}
INFERS: dict[str, Callable[[], str]] = {
    "unknown members of a tensor": lambda: put('{"inputs":[{...}]}', keys()),
    "parameters": lambda: put('{"parameters":{...},"inputs":[]}', keys()),
    "tensors": lambda: put('{"inputs":[...]}', many(TENSOR)),
    "outputs": lambda: put('{"inputs":[],"outputs":[...]}', many('{"name":"predictions"}')),
    "dimensions": lambda: put('{"inputs":[...]}', TENSOR.replace("[1]", f"[{many('1')}]", 1)),
    "a dimension": lambda: put('{"inputs":[...]}', put(MATRIX, "9" * 4300)),
}
BODIES = [
    pytest.param(path, kind, body, id=f"{path} {kind.removeprefix('application/')} {name}")
    for path, kind, bodies in [
        ("/predict", JSON, PREDICT),
        ("/invocations", JSON, INVOCATIONS),
        ("/invocations", CSV, CSVS),
        (INFER, JSON, INFERS),
    ]
    for name, body in bodies.items()
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("path", "kind", "body"), BODIES)
def test_a_costly_body_is_refused_at_little_cost(
    predictions: Predictions, path: str, kind: str, body: Callable[[], str]
) -> None:
    answer = predictions.answer(predictions.routes[path], Asked(kind), body().encode())
    assert answer.status == 422, answer
    assert len(answer.body) < 1000
