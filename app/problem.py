"""What can be wrong with a request, as one exception with a code of a closed list."""

from __future__ import annotations

# The whole list: metrics use the code as a label, so it has to stay bounded.
STATUS = {
    "invalid_json": 400,
    "bad_request": 400,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "body_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "missing_field": 422,
    "unknown_field": 422,
    "duplicate_field": 422,
    "wrong_type": 422,
    "not_finite": 422,
    "out_of_range": 422,
    "missing_value": 422,
    "wrong_shape": 422,
    "no_rows": 422,
    "too_many_rows": 422,
    "too_deep": 422,
    "unsupported": 422,
    "too_many_requests": 429,
    "internal": 500,
    "not_ready": 503,
}


class Problem(Exception):
    """A request that gets no prediction: `code` says why, `field` and `row` (from 0) say where.

    The message tells what was wanted and never holds a value of the caller's.
    """

    def __init__(self, code: str, message: str, field: str | None = None, row: int | None = None) -> None:
        self.code = code
        self.status = STATUS[code]
        self.field = field
        self.row = row
        where = [f"field {field!r}"] if field is not None else []
        where += [f"row {row}"] if row is not None else []
        self.message = f"{', '.join(where)}: {message}" if where else message
        super().__init__(self.message)


def shown(name: object) -> str:
    """Return a caller's name for a field, cut and escaped, fit for a message."""
    text = name if isinstance(name, str) else type(name).__name__
    return (
        text if len(text) <= 64 and text.isprintable() else ascii(text[:64])[1:-1] + ("..." if len(text) > 64 else "")
    )
