import json
from pathlib import Path

import pytest

from bench.rows import Row
from bench.serving import bodies
from bench.serving.bodies import Size

ROWS: list[Row] = [[float(number), None if number == 3 else 1.0] for number in range(40)]
NAMES = ["a", "b"]


def test_the_same_bodies_are_drawn_on_every_run() -> None:
    size = Size(5, 20)
    assert bodies.draw(ROWS, size) == bodies.draw(ROWS, size)


def test_bodies_have_the_size_and_differ() -> None:
    drawn = bodies.draw(ROWS, Size(5, 20))
    assert [len(rows) for rows in drawn] == [5] * 20
    assert len({json.dumps(rows) for rows in drawn}) > 15


def test_one_body_in_ten_at_least_has_a_missing_value() -> None:
    drawn = bodies.draw(ROWS, Size(1, 100))
    assert sum(None in row for rows in drawn for row in rows) >= 10


def test_a_body_is_one_line_with_null_for_a_missing_value(tmp_path: Path) -> None:
    bodies.write(tmp_path / "bodies", NAMES, [[[1.5, None]], [[2.5, 3.0]]], bodies.features)
    lines = (tmp_path / "bodies").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"features": [[1.5, None]]}, {"features": [[2.5, 3.0]]}]


def test_mlflows_shape_names_the_columns() -> None:
    body = json.loads(bodies.dataframe_split(NAMES, [[1.5, None]]))
    assert body == {"dataframe_split": {"columns": NAMES, "data": [[1.5, None]]}}


@pytest.mark.parametrize("size", bodies.SIZES)
def test_every_size_rotates_several_bodies(size: Size) -> None:
    assert size.bodies >= 8
