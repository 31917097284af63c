"""Reads the body of a request into a matrix for the engine: as whole arrays if possible, otherwise value by value.

Whatever the fast reader raises, the careful one reads the body again and decides. So a bug in the fast reader costs
speed but gives no wrong answer; the counters in `fast_path_exits` make it visible.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import simdjson
from prometheus_client import Counter

from app.engines.engine import FloatArray
from app.prediction import json_body
from app.prediction.contract import Contract, NotFast
from app.prediction.formats import csv
from app.prediction.formats.request_format import RequestFormat
from app.prediction.request_info import CSV, RequestInfo, media_type
from app.problem import Problem

# A parser keeps ten times its largest body, so it is not used again after a body above this.
MAX_KEPT_BYTES = 1024 * 1024
# The format or the contract says that the fast reader cannot take this body.
NOT_PLAIN = (NotFast, Problem)
# simdjson cannot parse the body, or has no buffer for an array.
UNREADABLE = (ValueError, RuntimeError)
# simdjson's view was used wrongly. With a valid request, that is a bug.
UNEXPECTED = (TypeError, KeyError, AttributeError, IndexError)
DECLINED = (*NOT_PLAIN, *UNREADABLE, *UNEXPECTED)


class BodyReader:
    """Reads bodies of every request format; `max_body_bytes` also bounds how many values one may hold."""

    def __init__(self, max_body_bytes: int, fast_path_exits: Mapping[str, Counter]) -> None:
        self._max_values = max_body_bytes // json_body.BYTES_A_VALUE
        self._exits = fast_path_exits
        self._local = threading.local()

    def read(
        self, request_format: RequestFormat, contract: Contract, request: RequestInfo, body: bytes
    ) -> tuple[FloatArray, Any]:
        """Return the rows, and what the answer repeats from the request; raises Problem if the body is refused."""
        if not request.is_plain_json() and media_type(request, request_format.takes_csv) == CSV:
            return self._read_csv(contract, body), None
        # No body has more values than bytes.
        if len(body) > self._max_values:
            json_body.check_values(body, self._max_values)
        if request_format.takes_nan and b"NaN" in body:
            body = json_body.with_nulls(body)
        try:
            return self._read_fast(request_format, contract, body)
        except DECLINED as error:
            reason = _reason(error)
            # A parser cannot be used again while a view of it is alive, and the exception may hold one.
            self._local.parser = simdjson.Parser()
        return self._read_carefully(request_format, contract, body, reason)

    def _read_csv(self, contract: Contract, body: bytes) -> FloatArray:
        self._exits["csv"].inc()
        json_body.check_values(body, self._max_values, csv.MARKS)
        return contract.matrix(csv.read(body, contract))

    def _read_fast(self, request_format: RequestFormat, contract: Contract, body: bytes) -> tuple[FloatArray, Any]:
        parser = self._parser() if len(body) <= MAX_KEPT_BYTES else simdjson.Parser()
        view, nulls = json_body.parse_fast(parser, body)
        table, extra = request_format.read(view, contract)
        return contract.fast_matrix(table, nulls, body.count(b"[")), extra

    def _read_carefully(
        self, request_format: RequestFormat, contract: Contract, body: bytes, reason: str
    ) -> tuple[FloatArray, Any]:
        try:
            table, extra = request_format.read(json_body.parse(body), contract)
            rows = contract.matrix(table)
        except Problem:
            self._exits["invalid"].inc()
            raise
        self._exits[reason].inc()
        return rows, extra

    def _parser(self) -> simdjson.Parser:
        try:
            parser: simdjson.Parser = self._local.parser
        except AttributeError:
            parser = self._local.parser = simdjson.Parser()
        return parser


def _reason(error: Exception) -> str:
    """Return why the fast reader declined a request, if the careful one then accepts it."""
    if isinstance(error, NOT_PLAIN):
        return "not_plain"
    return "unreadable" if isinstance(error, UNREADABLE) else "unexpected"
