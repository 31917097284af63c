"""Which answers differ from the golden ones. The role `api` has a copy of this file, so it imports the standard library
only; a test holds both to the same bytes.

Two engines that add up the same trees in float32, each in its own order, differ in the last digits. How many digits
depends on the size of the summands, not on the size of the sum, so no fixed number tells a harmless difference: 1e-5 is
nothing where houses cost 200,000, and everything where a rate is 1e-8. An answer is therefore measured against the
other answers: it may be off by SHARE of what sets it apart from them, which is its distance from their median or, for
an answer close to the median, the median of all distances. An offset that all answers share widens nothing. Where most
answers are zero, those next to zero have to be right. ROUNDINGS allow for what one float32 cannot hold.

docs/choices.md has measurements: with an ordinary target oneDAL takes up to a tenth of the tolerance, with one that is
mostly zero more than 20 times of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

SHARE = 1e-4
# The distance from 1 to the next float32; a few operations, each rounded, move an answer by a few of these.
EPSILON = 2.0**-23
ROUNDINGS = 4


def missed(answers: Sequence[Any], golden: Sequence[Any], first: int = 0) -> list[int]:
    """Return which of `answers` differ from the golden ones from row `first` on; each a number, or a list of them."""
    allowed = tolerances(golden)
    return [i for i, answer in enumerate(answers) if not _close(answer, golden[first + i], allowed[first + i])]


def tolerances(golden: Sequence[Any]) -> list[list[float]]:
    """Return by how much each of a row's outputs may be off; every output is measured against itself in other rows."""
    columns = zip(*map(_outputs, golden), strict=True)
    return [list(row) for row in zip(*map(_tolerances, columns), strict=True)]


def _tolerances(golden: Sequence[float]) -> list[float]:
    middle = median(golden)
    distances = [abs(answer - middle) for answer in golden]
    spread = median(distances)
    rounding = ROUNDINGS * EPSILON
    return [
        SHARE * (distance + spread) + rounding * abs(answer) for answer, distance in zip(golden, distances, strict=True)
    ]


def _close(answer: Any, golden: Any, allowed: Sequence[float]) -> bool:
    given, wanted = _outputs(answer), _outputs(golden)
    if isinstance(answer, list) != isinstance(golden, list) or len(given) != len(wanted):
        return False
    # NaN is close to nothing: every comparison with it is false.
    return all(
        isinstance(one, (int, float)) and abs(one - other) <= most
        for one, other, most in zip(given, wanted, allowed, strict=True)
    )


def _outputs(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]
