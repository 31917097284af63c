"""Every release of a plan changes something, and every kind of release occurs."""

from itertools import pairwise

import pytest

from bench.series.plan import KINDS, Target, plan

START = Target("1", "old")
VERSIONS, IMAGES = ("1", "2", "3"), ("old", "new", "newer")


@pytest.mark.parametrize("count", [1, 2, 4, 10, 90])
def test_each_release_differs_from_the_one_before(count: int) -> None:
    made = plan(START, VERSIONS, IMAGES, count)
    assert len(made) == count
    assert all(one != other for one, other in pairwise([START, *made]))


def test_any_four_releases_change_the_model_the_image_and_both() -> None:
    made = [START, *plan(START, VERSIONS, IMAGES, 4)]
    assert {other.changes(one) for one, other in pairwise(made)} == set(KINDS)


@pytest.mark.parametrize("count", [1, 2, 4, 10, 90])
def test_the_last_release_changes_both(count: int) -> None:
    last = [START, *plan(START, VERSIONS, IMAGES, count)][-2:]
    assert last[1].changes(last[0]) == "both"


def test_every_version_and_every_image_is_released() -> None:
    made = plan(START, VERSIONS, IMAGES, 20)
    assert {each.version for each in made} == set(VERSIONS)
    assert {each.image for each in made} == set(IMAGES)


def test_the_order_is_always_the_same() -> None:
    assert plan(START, VERSIONS, IMAGES, 20) == plan(START, VERSIONS, IMAGES, 20)
