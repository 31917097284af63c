"""Finds the answers that differ from the golden ones.

This file is in `app/` and in `plugins/module_utils/slipway/`, because Ansible imports only what is in `plugins/`. It
needs nothing but the standard library, and a test holds both copies to the same bytes.

Two engines that add up the same trees in float32 in different orders differ in the last digits. How much depends on the
size of the summands, not of the sum, so there is no fixed tolerance: 1e-5 is nothing if houses cost 200,000, and a lot
if a rate is 1e-8. So the tolerance of an answer follows from the other answers: it is SHARE of the answer's distance
from their median, plus SHARE of the median of all distances. An offset that all answers share does not widen it. If
most answers are zero, those next to zero have to be right. ROUNDINGS adds what float32 itself cannot represent.

docs/choices.md has measurements: oneDAL takes up to a tenth of the tolerance with an ordinary target, and more than 20
times the tolerance with one that is mostly zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

SHARE = 1e-4
# The distance from 1 to the next float32; each of a few rounded operations moves an answer by about this much.
EPSILON = 2.0**-23
ROUNDINGS = 4


def missed(answers: Sequence[Any], golden: Sequence[Any], first: int = 0) -> list[int]:
    """Return the indices of `answers` that differ from the golden answers from row `first` on."""
    allowed = tolerances(golden)
    return [i for i, answer in enumerate(answers) if not _close(answer, golden[first + i], allowed[first + i])]


def tolerances(golden: Sequence[Any]) -> list[list[float]]:
    """Return how far each output of each row may be off; an output is compared with the same output of other rows."""
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
    outputs, wanted = _outputs(answer), _outputs(golden)
    if isinstance(answer, list) != isinstance(golden, list) or len(outputs) != len(wanted):
        return False
    # NaN is close to nothing: every comparison with it is false.
    return all(
        isinstance(one, (int, float)) and abs(one - other) <= most
        for one, other, most in zip(outputs, wanted, allowed, strict=True)
    )


def _outputs(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]
