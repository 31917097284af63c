"""`/invocations`: MLflow's scoring protocol in all its documented JSON forms; the module `csv` reads its CSV.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/
"""

from __future__ import annotations

from typing import Any

import orjson

from app.engines.engine import FloatArray
from app.prediction.contract import Contract
from app.prediction.formats.parts import from_records, in_order, members, numbers
from app.prediction.formats.request_format import ModelId
from app.prediction.json_body import ARRAYS, OBJECTS
from app.prediction.tables import UNCOUNTED, ByColumn, ByRow, Table
from app.problem import Problem

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
ERROR_CODES = {
    404: "RESOURCE_DOES_NOT_EXIST",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


class MLflow:
    """MLflow's format; stricter than MLflow's own server, which casts and drops values silently."""

    takes_csv = True
    takes_nan = True

    def read(self, document: Any, contract: Contract) -> tuple[Table, None]:
        found = members(document, {}, {**dict.fromkeys(FORMS, OBJECTS + ARRAYS), "params": OBJECTS})
        if found.pop("params", None):
            raise Problem("unsupported", "this model takes no parameters", "params")
        if len(found) != 1:
            raise Problem("wrong_shape", f"wanted exactly one of {', '.join(FORMS)}")
        ((form, data),) = found.items()
        return getattr(self, f"_{form}")(data, contract), None

    def _dataframe_split(self, data: Any, contract: Contract) -> Table:
        found = members(data, {"columns": ARRAYS, "data": ARRAYS}, {"index": ARRAYS})
        index = found.get("index")
        if index is not None and len(index) != len(found["data"]):
            raise Problem("wrong_shape", "wanted one entry for each row of data", "index")
        arrays = 2 + len(found["data"]) + (index is not None)
        # Nulls are counted in the whole body, and an index may hold some: such a request is read cell by cell.
        return in_order(found["columns"], found["data"], contract, arrays if index is None else UNCOUNTED)

    def _dataframe_records(self, data: Any, contract: Contract) -> Table:
        if not isinstance(data, ARRAYS):
            raise Problem("wrong_type", "wanted an array of objects", "dataframe_records")
        return from_records(data, contract)

    def _instances(self, data: Any, contract: Contract) -> Table:
        if not isinstance(data, ARRAYS):
            raise Problem("wrong_type", "wanted an array of rows or of objects", "instances")
        if len(data) and isinstance(data[0], OBJECTS):
            return from_records(data, contract)
        return ByRow(data, 1 + len(data))

    def _inputs(self, data: Any, contract: Contract) -> Table:
        if isinstance(data, ARRAYS):
            return self._instances(data, contract)
        return ByColumn(data, len(data))

    def answer(self, predictions: FloatArray, model: ModelId, request_id: str, extra: None) -> bytes:
        return b'{"predictions":%b}' % numbers(predictions)

    def error(self, problem: Problem, request_id: str) -> bytes:
        code = ERROR_CODES.get(problem.status, "BAD_REQUEST")
        return orjson.dumps({"error_code": code, "message": problem.message})
