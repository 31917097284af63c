"""JSON in, twice: fast into arrays by simdjson, and by the standard library where a request needs explaining."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import simdjson

from app.problem import Problem, shown

# Both readers' objects and arrays: a request shape reads either without knowing which it has.
OBJECTS = (dict, simdjson.Object)
ARRAYS = (list, simdjson.Array)

# simdjson hands a whole array of numbers over as one buffer, but not with a null in it: null is written as a number
# first. Its spaces keep it a token of its own (`-null` and `null0` stay invalid). No float32 is this large and nobody
# outside can know which it is, and the contract counts them: a "null" inside a text doesn't come out and is read again.
NULL = random.SystemRandom().uniform(1e299, 1e300)
NULL_TEXT = b" %r " % NULL


def fast(parser: simdjson.Parser, body: bytes) -> tuple[Any, int]:
    """Return simdjson's view of `body` with NULL in the place of each text `null`, and how many there were.

    Raises ValueError or RuntimeError where simdjson cannot read it, which does not mean that it is wrong.
    """
    parts = body.split(b"null")
    return parser.parse(NULL_TEXT.join(parts) if len(parts) > 1 else body), len(parts) - 1


def plain(body: bytes) -> Any:
    """Return `body` as Python's objects; raises Problem for all that is not strict JSON with unique names.

    NaN and the infinities, which Python would read, come out as floats: the contract refuses them where they stand.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Problem("invalid_json", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise Problem("invalid_json", f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        # No request shape is nearly as deep as what the reader itself bears.
        raise Problem("too_deep", "nested too deeply") from None
    except ValueError:
        # An integer of more digits than Python converts (sys.set_int_max_str_digits).
        raise Problem("out_of_range", "an integer has too many digits") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise Problem("duplicate_field", "given twice in one object", field=shown(twice))
    return found
