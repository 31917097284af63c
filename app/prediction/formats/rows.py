"""`/predict`: `{"features": [[...], ...]}` in the signature's order, or `{"field": [...], ...}` by name."""

from __future__ import annotations

from typing import Any

import orjson

from app.engines.engine import FloatArray
from app.prediction.contract import Contract
from app.prediction.formats.parts import numbers
from app.prediction.formats.request_format import ModelId
from app.prediction.json_body import ARRAYS, OBJECTS
from app.prediction.tables import ByColumn, ByRow, Table
from app.problem import Problem

ROWS = "features"


class Rows:
    """Slipway's own format, for rows and for columns."""

    takes_csv = False
    takes_nan = False

    def read(self, document: Any, contract: Contract) -> tuple[Table, None]:
        if not isinstance(document, OBJECTS):
            raise Problem(
                "wrong_type", f'wanted an object: {{"{ROWS}": [[...]]}}, or an array of values for each field'
            )
        if ROWS not in document:
            return ByColumn(document, len(document)), None
        if len(document) != 1:
            raise Problem("unknown_field", f'wanted "{ROWS}" alone, or an array of values for each field')
        rows = document[ROWS]
        if not isinstance(rows, ARRAYS):
            raise Problem("wrong_type", "wanted an array of rows", ROWS)
        return ByRow(rows, 1 + len(rows)), None

    def answer(self, predictions: FloatArray, model: ModelId, request_id: str, extra: None) -> bytes:
        return b'{"predictions":%b,"model":"%b","version":"%b"}' % (
            numbers(predictions),
            model.name.encode(),
            model.version.encode(),
        )

    def error(self, problem: Problem, request_id: str) -> bytes:
        return envelope(problem)


def envelope(problem: Problem) -> bytes:
    """Return the error in Slipway's own format, which every route without a protocol of its own uses."""
    where = {"field": problem.field, "row": problem.row}
    return orjson.dumps({"error": {"code": problem.code, "message": problem.message, **where}})
