"""Request bodies of several sizes, many different ones of each, in each server's format."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.rows import Row

Shape = Callable[[list[str], list[Row]], bytes]


@dataclass(frozen=True)
class Size:
    """The rows of a body, the number of different bodies, and the factor by which its runs are longer."""

    rows: int
    bodies: int
    stretch: int = 1


# With fewer connections, the kernel may give all of them to one of the two workers.
CONNECTIONS = 16
# The slowest server answers 20 requests a second with 10,000 rows.
SIZES = (Size(1, 2_000), Size(100, 200), Size(10_000, 8, stretch=2))


def features(_: list[str], rows: list[Row]) -> bytes:
    """Return a body in the format of Slipway and of the peer."""
    return orjson.dumps({"features": rows})


def dataframe_split(names: list[str], rows: list[Row]) -> bytes:
    """Return a body as MLflow's own clients send it."""
    return orjson.dumps({"dataframe_split": {"columns": names, "data": rows}})


def draw(rows: list[Row], size: Size) -> list[list[Row]]:
    """Return the rows of each body. Every tenth body has a missing value, if the data has one."""
    # A fixed seed: every server and every run gets the same work.
    rng = random.Random(size.rows)  # noqa: S311  # not a secret
    incomplete = [row for row in rows if None in row]
    drawn = [rng.choices(rows, k=size.rows) for _ in range(size.bodies)]
    if incomplete:
        for number, body in enumerate(drawn):
            if number % 10 == 0:
                body[rng.randrange(size.rows)] = rng.choice(incomplete)
    return drawn


def write(path: Path, names: list[str], drawn: Sequence[list[Row]], shape: Shape) -> None:
    """Write one body per line, as rotate.lua reads them."""
    path.write_bytes(b"\n".join(shape(names, rows) for rows in drawn) + b"\n")
