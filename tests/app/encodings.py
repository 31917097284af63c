"""Writes the same rows in each request format, for tests that hold for all formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from app.prediction.request_info import CSV, JSON
from tests.app.bundles import CALIFORNIA

NAMES = [field.name for field in CALIFORNIA]
Rows = Sequence[Sequence[Any]]


class Encoding(NamedTuple):
    """One way to ask: `write` takes rows and the columns' names, which a test may get wrong."""

    path: str
    content_type: str
    write: Callable[[Rows, Sequence[str]], bytes]
    named: bool = True


def _columns(rows: Rows, names: Sequence[str]) -> list[tuple[str, list[Any]]]:
    return [(name, [row[i] for row in rows if i < len(row)]) for i, name in enumerate(names)]


def _object(pairs: Sequence[tuple[str, Any]]) -> str:
    """Write a JSON object as it stands, a name given twice included."""
    return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"


def _records(rows: Rows, names: Sequence[str]) -> str:
    return "[" + ",".join(_object(list(zip(names, row, strict=False))) for row in rows) + "]"


def _tensors(rows: Rows, names: Sequence[str], nested: bool) -> bytes:
    inputs = [
        {
            "name": name,
            "shape": [len(values), 1] if nested else [len(values)],
            "datatype": "FP64",
            "data": [[value] for value in values] if nested else values,
        }
        for name, values in _columns(rows, names)
    ]
    return json.dumps({"inputs": inputs}).encode()


def _matrix(rows: Rows, nested: bool) -> bytes:
    data: Any = rows if nested else [value for row in rows for value in row]
    tensor = {"name": "features", "shape": [len(rows), len(NAMES)], "datatype": "FP64", "data": data}
    return json.dumps({"inputs": [tensor]}).encode()


def _split(rows: Rows, names: Sequence[str]) -> bytes:
    return json.dumps({"dataframe_split": {"columns": list(names), "data": rows}}).encode()


def _csv(rows: Rows, names: Sequence[str]) -> bytes:
    lines = [names, *[["" if value is None else value for value in row] for row in rows]]
    return "\n".join(",".join(str(cell) for cell in line) for line in lines).encode()


def _plain(key: str) -> Callable[[Rows, Sequence[str]], bytes]:
    return lambda rows, names: json.dumps({key: rows}).encode()


INFER = "/v2/models/california/infer"
ENCODINGS = {
    "rows": Encoding("/predict", JSON, _plain("features"), named=False),
    "columns": Encoding("/predict", JSON, lambda rows, names: _object(_columns(rows, names)).encode()),
    "dataframe_split": Encoding("/invocations", JSON, _split),
    "dataframe_records": Encoding(
        "/invocations", JSON, lambda rows, names: f'{{"dataframe_records":{_records(rows, names)}}}'.encode()
    ),
    "instances": Encoding("/invocations", JSON, _plain("instances"), named=False),
    "instances of objects": Encoding(
        "/invocations", JSON, lambda rows, names: f'{{"instances":{_records(rows, names)}}}'.encode()
    ),
    "inputs": Encoding(
        "/invocations", JSON, lambda rows, names: f'{{"inputs":{_object(_columns(rows, names))}}}'.encode()
    ),
    "csv": Encoding("/invocations", CSV, _csv),
    "v2 flat": Encoding(INFER, JSON, lambda rows, names: _tensors(rows, names, nested=False)),
    "v2 nested": Encoding(INFER, JSON, lambda rows, names: _tensors(rows, names, nested=True)),
    "v2 matrix": Encoding(INFER, JSON, lambda rows, names: _matrix(rows, nested=True), named=False),
    "v2 flat matrix": Encoding(INFER, JSON, lambda rows, names: _matrix(rows, nested=False), named=False),
}


def values_of(path: str, document: Any) -> list[Any]:
    """Return the predictions in an answer of the path's protocol."""
    if path.startswith("/v2/"):
        return document["outputs"][0]["data"]  # type: ignore[no-any-return]
    return document["predictions"]  # type: ignore[no-any-return]
