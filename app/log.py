"""The log: one JSON object a line on stdout."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson

from app.problem import Problem

NAME = "slipway"
# Under this key the log has a request's id, and so has the state of the request's ASGI scope.
REQUEST_ID = "request_id"
# The same for the name of the client, if the gateway asks for keys.
CLIENT = "client"
# The attributes that logging sets on every record; all others come from `extra`.
STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Writes time, level, message, process and everything in `extra`; an exception becomes its traceback's text."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "pid": record.process,
        }
        entry |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry, default=str).decode()


def configure(stream: TextIO = sys.stdout) -> None:
    """Write the log of this process, including uvicorn's warnings, to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(NAME).setLevel(logging.INFO)


def get() -> logging.Logger:
    return logging.getLogger(NAME)


def who(request_id: str, client: str) -> dict[str, str]:
    """Return the fields that say which request an entry is about, and whose it is, if that is known."""
    return {REQUEST_ID: request_id, CLIENT: client} if client else {REQUEST_ID: request_id}


def log_refusal(problem: Problem, request_id: str, client: str = "", **more: object) -> None:
    """Log a request that is answered with an error."""
    entry = {**who(request_id, client), "code": problem.code, "status": problem.status}
    get().warning("refused", extra={**entry, **more})
