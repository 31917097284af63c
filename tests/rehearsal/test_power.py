"""The engine that `up` starts is the one that `down` ends, and no other."""

import engine
import pytest

from rehearsal import power, state
from rehearsal.place import Place


def test_one_that_was_started_is_remembered_and_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(engine, "ensure", lambda: 4711)
    monkeypatch.setattr(engine, "end_unless_used", lambda pid: bool(ended.append(pid)) or True)
    assert "until `make down`" in power.on(place, state.State())
    assert power.off(state.read(place))
    assert ended == [4711]


def test_one_that_runs_already_is_nobodys_to_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ensure", lambda: 0)
    kept = state.State()
    assert power.on(place, kept) == "runs"
    assert not power.off(kept)
