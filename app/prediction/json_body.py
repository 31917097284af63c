"""Parses JSON in three ways: by simdjson into whole arrays, by simdjson value by value, and by the standard library.

The first is for well-formed requests. The second finds out what is wrong with the others. The third reads what simdjson
refuses: it says where the mistake is, or reads an integer beyond 64 bits. Its objects take up to forty times the bytes
of the body, so it only reads small bodies.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import simdjson

from app.problem import Problem

# Objects and arrays of both parsers: a request format reads either without knowing which one it has.
OBJECTS = (dict, simdjson.Object)
ARRAYS = (list, simdjson.Array)

# simdjson returns a whole array of numbers as one buffer, but not if there is a null in it. So each null is first
# replaced by a number. The spaces keep it a token of its own (`-null` and `null0` stay invalid). No float32 is this
# large, nobody outside can know the number, and the contract counts how often it occurs: a "null" inside a text is not
# found again among the numbers, and the body is then read by the careful reader.
NULL = random.SystemRandom().uniform(1e299, 1e300)
NULL_TEXT = b" %r " % NULL
BOM = b"\xef\xbb\xbf"
# NaN as a token. It may also match inside a text, but nobody has a field whose name contains such a word.
NAN = re.compile(rb"(?<![^\s,:\[])NaN(?![^\s,\]}])")

# A body may hold one value for this many bytes of the size limit: memory grows with values more than with bytes.
BYTES_A_VALUE = 8
# The largest body that the standard library reads; for a larger one, the error does not say where the mistake is.
MAX_EXPLAINED = 1024 * 1024
# Python's time to read an integer grows with the square of its digits.
MAX_DIGITS = 512


def check_values(body: bytes, most: int, marks: tuple[bytes, ...] = (b",", b"[", b"{")) -> None:
    """Raise Problem if `body` may hold more than `most` values, before it is parsed.

    Each value but the first follows a comma or begins an array or object; commas inside texts count too.
    """
    if sum(map(body.count, marks)) > most:
        raise Problem("too_many_values", f"wanted at most {most} values, arrays and objects in the body")


def with_nulls(body: bytes) -> bytes:
    """Return `body` with null for each NaN, which is how MLflow's client writes a missing value."""
    return NAN.sub(b"null", body)


def parse_fast(parser: simdjson.Parser, body: bytes) -> tuple[Any, int]:
    """Return simdjson's view of `body` with NULL in place of each `null`, and the number of nulls.

    Raises ValueError or RuntimeError if simdjson cannot read the body, which may still be valid.
    """
    # By the lengths: to count them would go through the body once more.
    replaced = body.replace(b"null", NULL_TEXT)
    return parser.parse(replaced), (len(replaced) - len(body)) // (len(NULL_TEXT) - len(b"null"))


def parse(body: bytes) -> Any:
    """Return the JSON value in `body`, as simdjson's view or as Python's objects; raises Problem if it is not JSON.

    Never index or slice a view's array, and look up few names in a view's object: simdjson starts from the beginning
    each time.
    """
    try:
        return simdjson.Parser().parse(body.removeprefix(BOM))
    except (ValueError, RuntimeError):
        pass
    if len(body) > MAX_EXPLAINED:
        message = (
            f"the body is not JSON, or has an integer beyond 64 bits; above {MAX_EXPLAINED} bytes it is not said where"
        )
        raise Problem("invalid_json", message)
    return parse_python(body)


def parse_python(body: bytes) -> Any:
    """Return `body` as Python's objects; raises Problem for anything but strict JSON with unique names.

    NaN and the infinities, which Python reads, become floats: the contract refuses them and names the field.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_int=_integer)
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Problem("invalid_json", message) from None
    except UnicodeDecodeError as error:
        raise Problem("invalid_json", f"the body is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        # The parser bears far more depth than any request format has.
        raise Problem("too_deep", "the body is nested too deeply") from None


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Problem("out_of_range", f"wanted integers of at most {MAX_DIGITS} digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("duplicate_field", "an object has the same name twice")
    return found
