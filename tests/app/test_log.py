from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, logger = logging.getLogger(), log.get()
    before = (root.handlers[:], root.level, logger.level)
    stream = io.StringIO()
    log.configure(stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    logger.setLevel(before[2])


def test_each_entry_is_one_json_object_on_a_line(stream: io.StringIO) -> None:
    log.get().info("two\nlines", extra={"request_id": "r1", "rows": 3})
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["message"], entry["level"], entry["request_id"], entry["rows"]) == ("two\nlines", "info", "r1", 3)
    assert entry["time"].endswith("+00:00")
    assert isinstance(entry["pid"], int)


def test_an_exception_comes_with_its_traceback(stream: io.StringIO) -> None:
    try:
        raise ValueError("cause")
    except ValueError:
        log.get().exception("failed")
    entry = json.loads(stream.getvalue())
    assert entry["level"] == "error"
    assert "ValueError: cause" in entry["exception"]


def test_other_libraries_are_heard_from_warnings_on(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.error").warning("odd")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["odd"]
