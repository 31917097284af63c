"""Requests with known answers: XGBoost itself gives the expected predictions."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np
import orjson

from bench import answers, bundle
from bench.rows import Row

CLIENTS = 16
# The bodies that each client repeats, by their number of rows, mostly one. A row takes about 60 bytes.
ROWS_IN_BODIES = (1, 1, 1, 10, 1, 1, 1, 100, 1, 1, 1, 1_000)
# The first clients also send this body of 1 MB.
ROWS_IN_LONGEST_BODY, CLIENTS_WITH_LONGEST_BODY = 20_000, 4
# The predictions of two single-row requests differ by at least this, so that swapped answers are found.
DIFFERENCE = 1e-3
# Rows to draw for each single-row request.
CANDIDATES = 20

Draw = Callable[[int], list[Row]]


@dataclass(frozen=True)
class Request:
    """A body, and the expected predictions for each version of the model."""

    rows: list[Row]
    body: bytes
    predictions: dict[str, np.ndarray] = field(default_factory=dict)

    def fault(self, answer: bytes, versions: Collection[str] | None = None) -> str:
        """Return what is wrong with an answer to this request, or "" if it is right.

        `versions` are those that may answer, by default all that are known.
        """
        try:
            found = orjson.loads(answer)
            version, got = found["version"], np.array(found["predictions"], dtype=float)
        except (ValueError, KeyError, TypeError) as error:
            return f"no predictions in {answer[:200]!r}: {error!r}"
        wanted = self.predictions.get(version)
        if wanted is None or (versions is not None and version not in versions):
            return f"version {version!r}, wanted one of {sorted(self.predictions if versions is None else versions)}"
        if got.shape != wanted.shape:
            return f"{got.shape} predictions of version {version}, wanted {wanted.shape}"
        # Not `>`, which a NaN would pass.
        wrong = np.flatnonzero(~(np.abs(got - wanted) <= answers.TOLERANCE * (1 + np.abs(wanted))))
        if wrong.size:
            first = wrong[0]
            return f"{wrong.size} of {got.size} predictions, first {got[first]}, wanted {wanted[first]} ({version})"
        return ""


class Known:
    """Requests for each client. No two requests have the same rows."""

    def __init__(self, versions: Mapping[str, Path], clients: int = CLIENTS) -> None:
        """`versions` maps each version that may answer to its bundle. The first one's golden rows give the rows."""
        first = next(iter(versions.values()))
        # A fixed seed, so that a failure can be reproduced.
        rng = random.Random(0)  # noqa: S311  # not a secret
        draw = _row_generator(first, rng)
        single = _distinct(first, draw, rng, clients * ROWS_IN_BODIES.count(1))
        self.clients = [
            [_request([single.pop()] if count == 1 else draw(count)) for count in _lengths(client)]
            for client in range(clients)
        ]
        for version, folder in versions.items():
            self.accept(version, folder)

    def accept(self, version: str, folder: Path) -> None:
        """Also accept the answers of another version, before it is released."""
        requests = [request for client in self.clients for request in client]
        predictions = answers.Reference(bundle.read(folder)).predict([row for each in requests for row in each.rows])
        ends = np.cumsum([len(each.rows) for each in requests])
        for each, found in zip(requests, np.split(predictions, ends[:-1]), strict=True):
            each.predictions[version] = found


def _lengths(client: int) -> tuple[int, ...]:
    return (*ROWS_IN_BODIES, ROWS_IN_LONGEST_BODY) if client < CLIENTS_WITH_LONGEST_BODY else ROWS_IN_BODIES


def _request(rows: list[Row]) -> Request:
    return Request(rows, orjson.dumps({"features": rows}))


def _row_generator(folder: Path, rng: random.Random) -> Draw:
    """Return a function that draws rows. Each value comes from the same column of the golden rows, rounded."""
    golden = bundle.read(folder).golden_rows()
    columns = [
        [None if value is None else float(f"{value:.4g}") for value in column] for column in zip(*golden, strict=True)
    ]
    return lambda count: [[rng.choice(column) for column in columns] for _ in range(count)]


def _distinct(folder: Path, draw: Draw, rng: random.Random, count: int) -> list[Row]:
    """Return rows with distinct predictions, in random order. Raises ValueError if there are fewer than `count`."""
    rows = draw(CANDIDATES * count)
    found, last = [], -np.inf
    for prediction, row in sorted(
        zip(answers.Reference(bundle.read(folder)).predict(rows), rows, strict=True), key=itemgetter(0)
    ):
        if prediction - last >= DIFFERENCE:
            found.append(row)
            last = prediction
    if len(found) < count:
        raise ValueError(f"{folder}: found {len(found)} predictions that differ by {DIFFERENCE}, wanted {count}")
    return rng.sample(found, count)
