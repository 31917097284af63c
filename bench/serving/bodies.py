"""Request bodies of several sizes, many different ones each, in each server's own shape."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.rows import Row

Shape = Callable[[list[str], list[Row]], bytes]


@dataclass(frozen=True)
class Size:
    """A body's rows, how many different bodies rotate, and how many times longer than others its runs are."""

    rows: int
    bodies: int
    stretch: int = 1


# With fewer, the kernel may well give all of them to one of the two workers.
CONNECTIONS = 16
# The slowest server answers twenty times a second with 10,000 rows.
SIZES = (Size(1, 2_000), Size(100, 200), Size(10_000, 8, stretch=2))


def features(_: list[str], rows: list[Row]) -> bytes:
    """Slipway's and the peer's shape."""
    return orjson.dumps({"features": rows})


def dataframe_split(names: list[str], rows: list[Row]) -> bytes:
    """MLflow's own clients send this one."""
    return orjson.dumps({"dataframe_split": {"columns": names, "data": rows}})


def draw(rows: list[Row], size: Size) -> list[list[Row]]:
    """Rows for each body, the same on every run; every tenth one has a missing value where the data has any."""
    # A fixed seed on purpose: the same work for every server and every run.
    chance = random.Random(size.rows)  # noqa: S311  # not a secret
    holed = [row for row in rows if None in row]
    drawn = [chance.choices(rows, k=size.rows) for _ in range(size.bodies)]
    if holed:
        for number, body in enumerate(drawn):
            if number % 10 == 0:
                body[chance.randrange(size.rows)] = chance.choice(holed)
    return drawn


def write(path: Path, names: list[str], drawn: Sequence[list[Row]], shape: Shape) -> None:
    """One body a line, as rotate.lua reads them."""
    path.write_bytes(b"\n".join(shape(names, rows) for rows in drawn) + b"\n")
