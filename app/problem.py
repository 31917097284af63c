"""What can be wrong with a request: one exception with a code from a closed list."""

from __future__ import annotations

import difflib
from collections.abc import Collection

# The complete list: metrics use the code as a label, so the list has to stay bounded.
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
    "too_many_values": 422,
    "too_deep": 422,
    "unsupported": 422,
    "too_many_requests": 429,
    "internal": 500,
    "not_ready": 503,
}


# How many characters of an unknown name are compared with the known ones: a long name would take seconds.
MAX_NAME = 64
# The similarity from which an unknown name is taken for a misspelled known one.
ALIKE = 0.75


class Problem(Exception):
    """A request that gets no prediction; `code` says why, `field` and `row` (from 0) say where.

    `place` says where if a name must not be repeated. The message says what was wanted, and never holds a value of the
    caller.
    """

    def __init__(
        self, code: str, message: str, field: str | None = None, row: int | None = None, place: str | None = None
    ) -> None:
        self.code = code
        self.status = STATUS[code]
        self.field = field
        self.row = row
        where = [f"field {field!r}"] if field is not None else []
        where += [place] if place is not None else []
        where += [f"row {row}"] if row is not None else []
        self.message = f"{', '.join(where)}: {message}" if where else message
        super().__init__(self.message)


def unknown(name: str, known: Collection[str], what: str, place: str, row: int | None = None) -> Problem:
    """Return the problem of a name that is not `what` it should be: one of those `known`.

    The message repeats the name only if it looks like a misspelled known one. Any other name may be a value of the
    caller: the first row of a CSV without a header, for instance.
    """
    near = _nearest(name, known)
    if near is None:
        return Problem("unknown_field", f"is not {what}; wanted {', '.join(known)}", row=row, place=place)
    return Problem("unknown_field", f"is not {what}; did you mean {near!r}?", shown(name), row)


def _nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that `name` resembles: it differs only in case, spaces or a few characters."""
    text = name[:MAX_NAME]
    if not any(character.isalpha() for character in text):
        return None
    plain = {_plain(other): other for other in known}
    near = difflib.get_close_matches(_plain(text), plain, 1, ALIKE)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    return "".join(name.casefold().split())


def shown(name: str) -> str:
    """Return a name that resembles a known one, shortened and escaped for a message."""
    if len(name) <= MAX_NAME and name.isprintable():
        return name
    return ascii(name[:MAX_NAME])[1:-1] + ("..." if len(name) > MAX_NAME else "")
