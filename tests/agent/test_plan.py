"""agent/plan.py"""

import pytest

from agent.host import Host
from agent.plan import Request, Work, plan
from agent.settings import Settings
from agent.state import State

A, B, C = "a" * 40, "b" * 40, "c" * 40
NOW = 1_000_000.0
HOST = Host("prod", ("api",), "/x", "prod", "web-1")
SETTLED = State(applied=A, attempted=A, full_at=NOW - 60, host=HOST.as_json())
FAILED = SETTLED._replace(attempted=B, failures=2, retry_at=NOW + 100)


def planned(
    state: State,
    target: str,
    *,
    request: Request | None = None,
    changed: list[str] | None = None,
    host: Host = HOST,
    clock: float = NOW,
) -> Work | None:
    return plan(state, target, host, Settings(), request or Request(), clock, lambda old, new: changed)


def test_a_settled_host_has_nothing_to_do() -> None:
    assert planned(SETTLED, A) is None
    assert planned(SETTLED, A, request=Request(now=True)) is None


def test_without_any_commit_there_is_nothing_to_do() -> None:
    assert planned(State(), "", request=Request(now=True, full=True)) is None


def test_the_first_commit_runs_everything() -> None:
    assert planned(State(host=HOST.as_json()), A, changed=["release.yml"]) == Work(A, None, "new commit")


def test_a_new_commit_runs_what_it_changes() -> None:
    assert planned(SETTLED, B, changed=["release.yml"]) == Work(B, ("api",), "new commit")


def test_a_change_that_cannot_be_told_runs_everything() -> None:
    assert planned(SETTLED, B, changed=None) == Work(B, None, "new commit")


@pytest.mark.parametrize(
    "state",
    [
        FAILED,
        SETTLED._replace(failures=1),
        SETTLED._replace(full_at=0),
        SETTLED._replace(host={}),
        SETTLED._replace(applied="", attempted=""),
    ],
)
def test_a_new_commit_runs_everything_where_the_host_may_not_be_whole(state: State) -> None:
    work = planned(state, C, changed=["release.yml"])
    assert work == Work(C, None, "new commit")


def test_a_failed_commit_waits_and_is_then_run_whole() -> None:
    assert planned(FAILED, B) is None
    assert planned(FAILED, B, clock=NOW + 101) == Work(B, None, "attempt 3")
    assert planned(FAILED, B, request=Request(now=True)) == Work(B, None, "attempt 3")


def test_a_clock_that_was_put_back_does_not_stretch_the_pause() -> None:
    assert planned(FAILED._replace(retry_at=NOW + 10_000), B) == Work(B, None, "attempt 3")


def test_a_full_check_comes_when_the_last_is_long_ago_or_in_the_future() -> None:
    for full_at in (NOW - 6 * 3600, 0, NOW + 60):
        assert planned(SETTLED._replace(full_at=full_at), A) == Work(A, None, "full check", gentle=True)


def test_what_a_person_asks_for_is_not_gentle() -> None:
    assert planned(SETTLED, A, request=Request(full=True)) == Work(A, None, "requested")


def test_a_changed_host_json_is_run_whole_and_at_once() -> None:
    host = HOST._replace(groups=("api", "ops"))
    assert planned(SETTLED, A, host=host) == Work(A, None, "host.json changed")
    assert planned(FAILED, B, host=host) == Work(B, None, "attempt 3")
