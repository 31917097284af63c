"""The interface of a request format."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from app.engines.engine import FloatArray
from app.prediction.contract import Contract
from app.prediction.tables import Table
from app.problem import Problem


class ModelId(NamedTuple):
    """The model's name and version, as answers, metrics and the log give them."""

    name: str
    version: str


class RequestFormat(Protocol):
    """One format of requests, answers and errors; `extra` is what the answer repeats from the request."""

    takes_csv: bool
    takes_nan: bool  # NaN, which is not JSON, stands for null

    def read(self, document: Any, contract: Contract) -> tuple[Table, Any]:
        """Return the table in `document`, simdjson's or plain; raises Problem if it is not in this format."""

    def answer(self, predictions: FloatArray, model: ModelId, request_id: str, extra: Any) -> bytes: ...

    def error(self, problem: Problem, request_id: str) -> bytes: ...
