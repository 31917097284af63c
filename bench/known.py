"""Requests whose answers are known beforehand: XGBoost itself says what they have to be."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np
import orjson

from bench import answers, bundle
from bench.rows import Row

CLIENTS = 16
# What one client sends, over and over: rows in each body, mostly one. One row is 60 bytes or so.
ROWS_IN_BODIES = (1, 1, 1, 10, 1, 1, 1, 100, 1, 1, 1, 1_000)
# The first clients send this one as well: 1 MB.
ROWS_IN_LONGEST_BODY, CLIENTS_WITH_LONGEST_BODY = 20_000, 4
# Two requests of one row may not have answers as close as this: one could pass for the other.
DIFFERENCE = 1e-3
# So many rows are drawn for each one that is wanted.
CANDIDATES = 20

Draw = Callable[[int], list[Row]]


@dataclass(frozen=True)
class Request:
    """A body, and by version of the model the predictions that its answer has to hold."""

    rows: list[Row]
    body: bytes
    predictions: dict[str, np.ndarray] = field(default_factory=dict)

    def fault(self, answer: bytes) -> str:
        """Return what is wrong with an answer to this request, "" where it is right."""
        try:
            found = orjson.loads(answer)
            version, got = found["version"], np.array(found["predictions"], dtype=float)
        except (ValueError, KeyError, TypeError) as error:
            return f"no predictions in {answer[:200]!r}: {error!r}"
        wanted = self.predictions.get(version)
        if wanted is None:
            return f"version {version!r}, wanted one of {sorted(self.predictions)}"
        if got.shape != wanted.shape:
            return f"{got.shape} predictions of version {version}, wanted {wanted.shape}"
        # Turned this way round so that NaN is wrong too.
        wrong = np.flatnonzero(~(np.abs(got - wanted) <= answers.TOLERANCE * (1 + np.abs(wanted))))
        if wrong.size:
            first = wrong[0]
            return f"{wrong.size} of {got.size} predictions, first {got[first]}, wanted {wanted[first]} ({version})"
        return ""


class Known:
    """Requests for each client, no two of which have the same rows."""

    def __init__(self, versions: Mapping[str, Path], clients: int = CLIENTS) -> None:
        """`versions` are the bundles that may answer, by version; rows are made of the first one's golden rows."""
        first = next(iter(versions.values()))
        # A fixed seed on purpose: a failure can be repeated.
        chance = random.Random(0)  # noqa: S311  # not a secret
        draw = _drawing(first, chance)
        single = _distinct(first, draw, chance, clients * ROWS_IN_BODIES.count(1))
        self.clients = [
            [_request([single.pop()] if count == 1 else draw(count)) for count in _lengths(client)]
            for client in range(clients)
        ]
        for version, folder in versions.items():
            self.accept(version, folder)

    def accept(self, version: str, folder: Path) -> None:
        """Accept the answers of one more version, which is about to be released."""
        requests = [request for client in self.clients for request in client]
        predictions = answers.Truth(bundle.read(folder)).predict([row for each in requests for row in each.rows])
        ends = np.cumsum([len(each.rows) for each in requests])
        for each, found in zip(requests, np.split(predictions, ends[:-1]), strict=True):
            each.predictions[version] = found


def _lengths(client: int) -> tuple[int, ...]:
    return (*ROWS_IN_BODIES, ROWS_IN_LONGEST_BODY) if client < CLIENTS_WITH_LONGEST_BODY else ROWS_IN_BODIES


def _request(rows: list[Row]) -> Request:
    return Request(rows, orjson.dumps({"features": rows}))


def _drawing(folder: Path, chance: random.Random) -> Draw:
    """Return what draws rows: each value is, in few digits, one that the golden rows have in this column."""
    golden = bundle.read(folder).golden_rows()
    columns = [
        [None if value is None else float(f"{value:.4g}") for value in column] for column in zip(*golden, strict=True)
    ]
    return lambda count: [[chance.choice(column) for column in columns] for _ in range(count)]


def _distinct(folder: Path, draw: Draw, chance: random.Random, count: int) -> list[Row]:
    """Return rows whose predictions all differ, in any order; raises ValueError where the model has not so many."""
    rows = draw(CANDIDATES * count)
    found, last = [], -np.inf
    for prediction, row in sorted(
        zip(answers.Truth(bundle.read(folder)).predict(rows), rows, strict=True), key=itemgetter(0)
    ):
        if prediction - last >= DIFFERENCE:
            found.append(row)
            last = prediction
    if len(found) < count:
        raise ValueError(f"{folder}: {len(found)} predictions that differ by {DIFFERENCE}, wanted {count}")
    return chance.sample(found, count)
