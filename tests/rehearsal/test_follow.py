"""rehearsal/follow.py"""

import io
from collections.abc import Callable
from typing import Any, cast

import pytest

from rehearsal import follow
from rehearsal.follow import Failed, Superseded, until_applied
from rehearsal.host import Host
from rehearsal.progress import Progress

OLD, NEW = "a" * 40, "b" * 40
APPLIED = {"applied": OLD, "attempted": OLD, "failures": 0, "running": None}
TAKEN_UP = APPLIED | {"attempted": NEW, "running": {"pid": 1, "since": 0}}
FAILED = APPLIED | {"attempted": NEW, "failures": 1, "reason": "role api: it did not start"}
DONE = APPLIED | {"applied": NEW, "attempted": NEW}


class FakeHost:
    """A host whose agent reports one status after the other."""

    name = "host"

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.statuses = list(statuses)

    def agent_status(self) -> tuple[dict[str, Any], str]:
        return (self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]), "role api: Serve"


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(follow, "POLL_SECONDS", 0)
    return io.StringIO()


@pytest.fixture
def watch(stream: io.StringIO) -> Callable[..., None]:
    return lambda *statuses, **tip: until_applied(cast(Host, FakeHost(*statuses)), NEW, Progress(stream), **tip)


def test_it_ends_when_the_commit_is_applied(watch: Callable[..., None], stream: io.StringIO) -> None:
    watch({}, APPLIED, TAKEN_UP, TAKEN_UP, DONE)
    assert stream.getvalue() == "slipway: the host runs role api: Serve ...\n"


def test_a_failure_has_the_agents_reason(watch: Callable[..., None]) -> None:
    with pytest.raises(Failed, match="it did not start"):
        watch(APPLIED, TAKEN_UP, FAILED)


def test_the_failure_of_another_commit_is_none_of_this_one(watch: Callable[..., None]) -> None:
    watch(FAILED | {"attempted": OLD}, TAKEN_UP, DONE)


def test_a_failed_commit_that_is_being_tried_again_is_waited_for(watch: Callable[..., None]) -> None:
    watch(FAILED | {"running": {"pid": 1, "since": 0}}, DONE)


def test_a_host_that_does_not_poll_is_an_error(watch: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "NOTICES_WITHIN_SECONDS", -1)
    with pytest.raises(Failed, match=r"has not started within -1 s: the repository gave no answer. Run `make shell`"):
        watch(APPLIED | {"said": "the repository gave no answer"})


def test_a_commit_that_the_agent_refuses_is_not_waited_for(watch: Callable[..., None]) -> None:
    refused = APPLIED | {"head": NEW, "result": "refused", "said": "branch local was rewound"}
    with pytest.raises(Failed, match="refused: branch local was rewound"):
        watch(APPLIED, refused | {"head": OLD}, refused | {"running": {"pid": 1, "since": 0}}, refused)


def test_a_release_learns_that_a_newer_commit_replaced_it(watch: Callable[..., None]) -> None:
    tips = iter([NEW, NEW, "c" * 40])
    with pytest.raises(Superseded, match="commit cccccccc replaced bbbbbbbb before the host had applied it"):
        watch(APPLIED, TAKEN_UP, tip=lambda: next(tips))
