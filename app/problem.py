"""What can be wrong with a request, as one exception with a code of a closed list."""

from __future__ import annotations

import difflib
from collections.abc import Collection

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
    "too_many_values": 422,
    "too_deep": 422,
    "unsupported": 422,
    "too_many_requests": 429,
    "internal": 500,
    "not_ready": 503,
}


# Of an unknown name, what is compared with the known ones: a long one would take seconds.
MAX_NAME = 64
# A share of the characters, above which an unknown name is taken for a known one misspelled.
ALIKE = 0.75


class Problem(Exception):
    """A request that gets no prediction: `code` says why, `field` and `row` (from 0) say where.

    `place` says where, too, for a name that must not be repeated. The message tells what was wanted and never holds a
    value of the caller's.
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

    It repeats the name only if that looks like a known one misspelled. Any other may be a value of the caller's, as the
    first row of a CSV without a header is.
    """
    near = _nearest(name, known)
    if near is None:
        return Problem("unknown_field", f"is not {what}; wanted {', '.join(known)}", row=row, place=place)
    return Problem("unknown_field", f"is not {what}; did you mean {near!r}?", shown(name), row)


def _nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that `name` looks like: it differs by case or space alone, or by a few characters."""
    text = name[:MAX_NAME]
    if not any(character.isalpha() for character in text):
        return None
    plain = {_plain(other): other for other in known}
    near = difflib.get_close_matches(_plain(text), plain, 1, ALIKE)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    return "".join(name.casefold().split())


def shown(name: str) -> str:
    """Return a name that looks like one of ours, cut and escaped, fit for a message."""
    if len(name) <= MAX_NAME and name.isprintable():
        return name
    return ascii(name[:MAX_NAME])[1:-1] + ("..." if len(name) > MAX_NAME else "")
