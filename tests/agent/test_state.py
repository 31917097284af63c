"""agent/state.py"""

import json
from pathlib import Path

import pytest

from agent.errors import AgentError, ConfigError
from agent.state import State, Store, read

FULL = State(
    head="b" * 40,
    applied="a" * 40,
    applied_at=1.5,
    attempted="b" * 40,
    failures=2,
    reason="because",
    scope=("api",),
    roles={"api": 1.5},
    host={"groups": ["api"]},
    result="failed",
    runs={"failed": 2},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def test_what_is_kept_is_read_again(path: Path) -> None:
    store, damage = Store.open(path)
    assert (store.state, damage) == (State(), "")
    store.update(**FULL._asdict())
    assert store.state == FULL
    assert read(path) == FULL


def test_a_file_that_is_torn_anywhere_is_never_taken_for_whole(path: Path) -> None:
    Store(path, State()).update(applied="a" * 40, runs={"applied": 1})
    text = path.read_text().strip()
    for length in range(len(text)):
        path.write_text(text[:length])
        with pytest.raises(ConfigError):
            read(path)


def test_a_damaged_file_is_put_aside_and_named(path: Path) -> None:
    path.write_text('{"failures": "many"}')
    store, damage = Store.open(path)
    assert store.state == State()
    assert 'failures="many": wanted a whole number' in damage
    assert path.with_name("state.json.damaged").read_text() == '{"failures": "many"}'
    assert not path.exists()


def test_keys_of_a_newer_agent_are_passed_over(path: Path) -> None:
    path.write_text(json.dumps({"applied": "a" * 40, "quarantined": ["b"]}))
    assert read(path).applied == "a" * 40


def test_a_state_that_cannot_be_kept_has_not_changed(path: Path) -> None:
    store = Store(path, State())
    store.update(applied="a")
    path.with_name("state.json.new").mkdir()  # nothing can be written there now
    with pytest.raises(AgentError, match=r"state\.json: cannot be written \(Is a directory\); the old state stays"):
        store.update(applied="b")
    assert store.state.applied == read(path).applied == "a"


@pytest.mark.parametrize(
    ("state", "settled"),
    [
        (State(), True),
        (State(attempted="a", applied="a"), True),
        (State(attempted="b", applied="a"), False),
        (State(attempted="a", applied="a", failures=1), False),
    ],
)
def test_it_is_settled_where_what_was_attempted_has_gone_through(state: State, settled: bool) -> None:
    assert state.settled is settled
