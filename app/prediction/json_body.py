"""JSON in, three ways: into arrays at once by simdjson, value by value by simdjson, and by the standard library.

The first is for requests as they should be, the second explains what is wrong with the others, and the third reads
what simdjson refuses: it says where, or reads an integer beyond 64 bits. Its objects take up to forty times the
body's bytes, so it is for small bodies only.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import simdjson

from app.problem import Problem

# Both readers' objects and arrays: a request shape reads either without knowing which it has.
OBJECTS = (dict, simdjson.Object)
ARRAYS = (list, simdjson.Array)

# simdjson hands a whole array of numbers over as one buffer, but not with a null in it: null is written as a number
# first. Its spaces keep it a token of its own (`-null` and `null0` stay invalid). No float32 is this large and nobody
# outside can know which it is, and the contract counts them: a "null" inside a text doesn't come out and is read again.
NULL = random.SystemRandom().uniform(1e299, 1e300)
NULL_TEXT = b" %r " % NULL
BOM = b"\xef\xbb\xbf"
# A token of its own. It may be inside a text, too, but a field's name with such a word in it is none that people have.
NAN = re.compile(rb"(?<![^\s,:\[])NaN(?![^\s,\]}])")

# A body may have a value for each so many of its most bytes: memory goes with values more than with bytes.
BYTES_A_VALUE = 8
# The largest body that the standard library reads; above, an error doesn't say where.
MAX_EXPLAINED = 1024 * 1024
# Python's time for an integer grows with the square of its digits.
MAX_DIGITS = 512


def check_values(body: bytes, most: int, marks: tuple[bytes, ...] = (b",", b"[", b"{")) -> None:
    """Raise Problem if `body` may hold more than `most` values, before anything is made of it.

    Each value but the first follows a comma or begins what it is in; commas inside of texts count too.
    """
    if sum(map(body.count, marks)) > most:
        raise Problem("too_many_values", f"wanted at most {most} values, arrays and objects")


def with_nulls(body: bytes) -> bytes:
    """Return `body` with null for each NaN, by which MLflow's client writes a missing value."""
    return NAN.sub(b"null", body)


def fast(parser: simdjson.Parser, body: bytes) -> tuple[Any, int]:
    """Return simdjson's view of `body` with NULL in the place of each text `null`, and how many there were.

    Raises ValueError or RuntimeError where simdjson cannot read it, which does not mean that it is wrong.
    """
    nulls = body.count(b"null")
    return parser.parse(body.replace(b"null", NULL_TEXT) if nulls else body), nulls


def careful(body: bytes) -> Any:
    """Return the document in `body`, simdjson's view or Python's objects; raises Problem where it is not JSON.

    Never index or slice a view's array, and look few of its names up: simdjson walks there from the beginning.
    """
    try:
        return simdjson.Parser().parse(body.removeprefix(BOM))
    except (ValueError, RuntimeError):
        pass
    if len(body) > MAX_EXPLAINED:
        raise Problem(
            "invalid_json",
            f"not JSON, or with an integer beyond 64 bits; wanted at most {MAX_EXPLAINED} bytes to say where",
        )
    return plain(body)


def plain(body: bytes) -> Any:
    """Return `body` as Python's objects; raises Problem for all that is not strict JSON with unique names.

    NaN and the infinities, which Python would read, come out as floats: the contract refuses them where they stand.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise Problem("invalid_json", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise Problem("invalid_json", f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        # No request shape is nearly as deep as what the reader itself bears.
        raise Problem("too_deep", "nested too deeply") from None


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Problem("out_of_range", f"wanted integers of at most {MAX_DIGITS} digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("duplicate_field", "a name is given twice in one object")
    return found
