"""`/v2/models/{model}/infer`: the Open Inference Protocol over REST, without its binary extension.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from math import prod
from typing import Any

import numpy as np
import orjson

from app.bundle import Field
from app.engines.engine import FloatArray
from app.prediction.contract import Contract
from app.prediction.formats.parts import members, numbers
from app.prediction.formats.request_format import ModelId
from app.prediction.formats.rows import ROWS
from app.prediction.json_body import ARRAYS, OBJECTS
from app.prediction.request_info import BINARY_TENSORS
from app.prediction.tables import ByColumn, ByRow, Table
from app.problem import Problem, unknown

OUTPUT = "predictions"
OUTPUT_TYPE = "FP32"
DATATYPES = {"double": "FP64", "float": "FP32", "long": "INT64", "integer": "INT32", "boolean": "BOOL"}
FLOATS = {"FP16", "FP32", "FP64"}
INTEGERS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
# An integer may stand for a float, never the other way round.
ACCEPTED = {
    "double": FLOATS | INTEGERS,
    "float": FLOATS | INTEGERS,
    "long": INTEGERS,
    "integer": INTEGERS,
    "boolean": {"BOOL"},
}


class V2:
    """The Open Inference Protocol: one input for each field, or one matrix called `features`."""

    takes_csv = False
    takes_nan = False

    def read(self, document: Any, contract: Contract) -> tuple[Table, str | None]:
        found = members(document, {"inputs": ARRAYS}, {"id": (str,), "parameters": OBJECTS, "outputs": ARRAYS})
        listed = 1 + _check_outputs(found.get("outputs"))
        # One input more than there are fields is enough to find one that is unknown or appears twice.
        entries = enumerate(islice(found["inputs"], len(contract.names) + 1))
        tensors = [_tensor(entry, i, contract) for i, entry in entries]
        if len(tensors) == 1 and tensors[0]["name"] == ROWS and ROWS not in contract.names:
            table: Table = _matrix(tensors[0], contract)
        else:
            table = _columns(tensors, contract)
        # Each tensor has an array for its shape beside its data.
        return table._replace(arrays=table.arrays + listed + len(tensors)), found.get("id")

    def answer(self, predictions: FloatArray, model: ModelId, request_id: str, extra: str | None) -> bytes:
        head = {
            "model_name": model.name,
            "model_version": model.version,
            "id": request_id if extra is None else extra,
        }
        shape = orjson.dumps(list(predictions.shape))
        tensor = b'{"name":"%b","shape":%b,"datatype":"%b","data":%b}' % (
            OUTPUT.encode(),
            shape,
            OUTPUT_TYPE.encode(),
            numbers(predictions.ravel()),
        )
        # Not orjson: an id may be any JSON text, even invalid Unicode ("\\ud800"), and is returned unchanged.
        return b'%b,"outputs":[%b]}' % (json.dumps(head).encode()[:-1], tensor)

    def error(self, problem: Problem, request_id: str) -> bytes:
        return orjson.dumps({"error": problem.message})


def output(width: int | None) -> dict[str, Any]:
    """Return the metadata of the output: a number for each row, or `width` numbers; -1 is the number of rows."""
    return {"name": OUTPUT, "datatype": OUTPUT_TYPE, "shape": [-1] if width is None else [-1, width]}


def _check_outputs(outputs: Any) -> int:
    """Raise Problem for an output that the model does not have; return how many JSON arrays `outputs` takes."""
    if outputs is None:
        return 0
    for i, entry in enumerate(outputs):
        name = members(entry, {"name": (str,)}, {"parameters": OBJECTS})["name"]
        if name != OUTPUT:
            raise unknown(name, [OUTPUT], "an output of the model", f"output {i}")
        if i:
            raise Problem("duplicate_field", "appears twice", OUTPUT)
    return 1


def _tensor(entry: Any, number: int, contract: Contract) -> dict[str, Any]:
    optional = {"data": ARRAYS, "parameters": OBJECTS}
    tensor = members(entry, {"name": (str,), "shape": ARRAYS, "datatype": (str,)}, optional)
    ours = tensor["name"] == ROWS or tensor["name"] in contract.names
    where = {"field": tensor["name"]} if ours else {"place": f"input {number}"}
    if "binary_data_size" in tensor.get("parameters", ()):
        raise Problem("unsupported", BINARY_TENSORS, **where)
    if "data" not in tensor:
        raise Problem("missing_field", "`data` is missing", **where)
    if len(tensor["shape"]) > 2:
        raise Problem("wrong_shape", "`shape`: wanted one or two dimensions", **where)
    shape = list(tensor["shape"])
    if not all(type(length) is int and length >= 0 for length in shape):
        raise Problem("wrong_shape", "`shape`: wanted whole numbers from 0 on", **where)
    return {**tensor, "shape": shape}


def _matrix(tensor: dict[str, Any], contract: Contract) -> ByRow:
    shape, data, width = tensor["shape"], tensor["data"], len(contract.names)
    if len(shape) != 2 or shape[1] != width:
        raise Problem("wrong_shape", f"`shape`: wanted [rows, {width}]", ROWS)
    bounds = {field.name: limits for field in contract.fields if (limits := _bounds(tensor["datatype"], field, ROWS))}
    if len(data) and isinstance(data[0], ARRAYS):
        _check_length(len(data), shape[0], ROWS)
        return ByRow(data, 1 + len(data), bounds)
    _check_length(len(data), prod(shape), ROWS)
    return ByRow(data, 1, bounds, flat=True)


def _columns(tensors: Sequence[dict[str, Any]], contract: Contract) -> ByColumn:
    contract.check_names([tensor["name"] for tensor in tensors], place="input")
    fields = {field.name: field for field in contract.fields}
    columns, bounds, arrays = {}, {}, 0
    for tensor in tensors:
        name, shape, data = tensor["name"], tensor["shape"], tensor["data"]
        if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
            raise Problem("wrong_shape", "`shape`: wanted [rows] or [rows, 1]", name)
        _check_length(len(data), shape[0], name)
        if limits := _bounds(tensor["datatype"], fields[name], name):
            bounds[name] = limits
        nested = len(shape) == 2 and len(data) and isinstance(data[0], ARRAYS)
        columns[name] = _unwrapped(data, name) if nested else data
        arrays += 1
    return ByColumn(columns, arrays, bounds)


def _unwrapped(data: Sequence[Any], name: str) -> list[Any]:
    """Return the values of a column whose rows hold one value each."""
    for i, row in enumerate(data):
        if not isinstance(row, ARRAYS) or len(row) != 1:
            raise Problem("wrong_shape", "wanted one value in each row", name, i)
    return [row[0] for row in data]


def _check_length(got: int, wanted: int, name: str) -> None:
    if got != wanted:
        more = "more" if wanted > got else "fewer"
        raise Problem(
            "wrong_shape", f"`shape` and `data` disagree: data has {got} values or rows, shape asks for {more}", name
        )


def _bounds(datatype: str, field: Field, name: str) -> tuple[int, int] | None:
    """Return the range that an integer datatype sets, None for others; raises Problem for one that does not fit."""
    if datatype not in ACCEPTED[field.type]:
        raise Problem("wrong_type", f"`datatype`: wanted one of {', '.join(sorted(ACCEPTED[field.type]))}", name)
    if datatype not in INTEGERS:
        return None
    limits = np.iinfo(datatype.lower())
    return int(limits.min), int(limits.max)
