"""What several request formats have in common: objects, records, named columns, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

from app.engines.engine import FloatArray
from app.prediction.contract import Contract
from app.prediction.json_body import OBJECTS
from app.prediction.tables import UNCOUNTED, ByRow
from app.problem import Problem, unknown


def numbers(predictions: FloatArray) -> bytes:
    """Return predictions as JSON, each with the fewest digits that give the same float32 when read back."""
    return orjson.dumps(predictions, option=orjson.OPT_SERIALIZE_NUMPY)


def members(
    document: Any, required: Mapping[str, tuple[type, ...]], optional: Mapping[str, tuple[type, ...]]
) -> dict[str, Any]:
    """Return the object's members: all `required` and any `optional` ones; raises Problem for any other."""
    if not isinstance(document, OBJECTS):
        raise Problem("wrong_type", "wanted a JSON object")
    known = {**required, **optional}
    # One name more than are known is enough to find one that is unknown or appears twice.
    names = list(islice(document, len(known) + 1))
    for i, name in enumerate(names):
        if name not in known:
            raise unknown(name, known, "known to this protocol", f"member {i}")
    if len(set(names)) != len(names):
        raise Problem("duplicate_field", "an object has the same name twice")
    # Not items(): simdjson would turn all values into Python's objects. Each lookup is a search, but there are few.
    found = {name: document[name] for name in names}
    for name in required:
        if name not in found:
            raise Problem("missing_field", "is missing", name)
    for name, value in found.items():
        if not isinstance(value, known[name]) or isinstance(value, bool):
            raise Problem("wrong_type", f"wanted {_named(known[name])}", name)
    return found


def _named(kinds: tuple[type, ...]) -> str:
    names = {dict: "an object", list: "an array", str: "a string", int: "an integer"}
    return " or ".join(name for kind, name in names.items() if kind in kinds)


def from_records(records: Sequence[Any], contract: Contract) -> ByRow:
    """Return a table of records: objects that hold a row each, field by field."""
    contract.check_count(len(records))
    rows = []
    for i, record in enumerate(records):
        if not isinstance(record, OBJECTS):
            raise Problem("wrong_type", "wanted an object with a value for each field", row=i)
        contract.check_names(record, i, "member")
        rows.append([record[name] for name in contract.names])
    return ByRow(rows, UNCOUNTED)


def in_order(names: Any, rows: Any, contract: Contract, arrays: int) -> ByRow:
    """Return `rows`, whose columns are called `names`, as a table."""
    order = tuple(islice(names, len(contract.names) + 1))
    if not all(isinstance(name, str) for name in order):
        raise Problem("wrong_type", "wanted an array of field names", "columns")
    contract.check_names(order)
    return ByRow(rows, arrays, columns=() if order == contract.names else order)
