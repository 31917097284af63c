"""What there is more of than before is left over."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bench.series import left_over
from bench.series.left_over import Inventory, figures, settled

BEFORE = Inventory(
    counts={"containers": 2, "images": 3, "volumes": 1, "bundles": 2, "files": 900},
    processes={"haproxy": 2, "dockerd": 1},
    open_files={"gateway": 27, "docker": 30, "containerd": 20},
    memory={"gateway": 20.0, "docker": 60.0, "containerd": 20.0, "api": 140.0},
)


def test_nothing_more_is_no_excess() -> None:
    assert BEFORE.excess(BEFORE) == {}
    assert replace(BEFORE, processes={"haproxy": 1}).excess(BEFORE) == {}


@pytest.mark.parametrize(
    ("changed", "name", "more"),
    [
        ({"counts": {**BEFORE.counts, "bundles": 4}}, "bundles", 2),
        ({"processes": {**BEFORE.processes, "sleep": 1}}, "process sleep", 1),
        ({"open_files": {**BEFORE.open_files, "docker": 33}}, "open files of docker", 3),
    ],
)
def test_the_excess_names_what_is_left_over(changed: dict[str, Any], name: str, more: int) -> None:
    assert replace(BEFORE, **changed).excess(BEFORE) == {name: more}


def test_every_figure_is_within_its_limit_if_nothing_changed() -> None:
    made = list(figures(BEFORE, BEFORE))
    assert all(each.held() for each in made)
    assert len([each for each in made if each.limit]) == 12


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"counts": {**BEFORE.counts, "images": 4}}, "left_over_images"),
        # One that ended does not make up for one that is left over.
        ({"processes": {"haproxy": 3}}, "left_over_processes"),
        ({"open_files": {**BEFORE.open_files, "gateway": 28}}, "left_over_open_files_gateway"),
        ({"memory": {**BEFORE.memory, "docker": 70.0}}, "series_memory_docker"),
    ],
)
def test_a_figure_that_grew_is_not_within_its_limit(changed: dict[str, Any], name: str) -> None:
    missed = [each for each in figures(BEFORE, replace(BEFORE, **changed)) if not each.held()]
    assert [each.figure for each in missed] == [name]


def test_memory_is_printed_with_that_after_the_warm_up() -> None:
    line = next(json.loads(each.line()) for each in figures(BEFORE, BEFORE) if each.figure == "series_memory_gateway")
    assert (line["peer"], line["peer_value"], line["ratio"], line["limit_on"]) == ("after_warm_up", 20.0, 1.0, "ratio")


def test_a_host_is_settled_once_the_gateway_has_one_worker_and_nothing_is_left_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_workers = replace(BEFORE, processes={"haproxy": 3, "dockerd": 1})
    closing = replace(BEFORE, open_files={**BEFORE.open_files, "docker": 31})
    seen: Iterator[Inventory] = iter([two_workers, two_workers, closing, closing, BEFORE, BEFORE])
    monkeypatch.setattr(left_over, "take", lambda _: next(seen))
    monkeypatch.setattr(left_over, "PAUSE_SECONDS", 0)
    host: Any = None
    assert settled(host, BEFORE) == BEFORE


def test_what_stays_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    stays = replace(BEFORE, counts={**BEFORE.counts, "images": 9})
    monkeypatch.setattr(left_over, "take", lambda _: stays)
    monkeypatch.setattr(left_over, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(left_over, "SETTLES_WITHIN_SECONDS", 0.1)
    host: Any = None
    assert settled(host, BEFORE) == stays
