"""rehearsal/engine.py: `make down` stops the engine that `make up` started, and no other."""

import pytest

from containers import engine
from rehearsal import engine as rehearsal_engine
from rehearsal import state
from rehearsal.checkout import Checkout


def test_one_that_was_started_is_remembered_and_ended(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(engine, "ensure", lambda: 4711)

    def end(pid: int) -> bool:
        ended.append(pid)
        return True

    monkeypatch.setattr(engine, "end_unless_used", end)
    assert "until `make down`" in rehearsal_engine.start(checkout, state.State())
    assert rehearsal_engine.end(state.read(checkout))
    assert ended == [4711]


def test_one_that_runs_already_is_nobodys_to_end(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ensure", lambda: 0)
    kept = state.State()
    assert rehearsal_engine.start(checkout, kept) == "is running"
    assert not rehearsal_engine.end(kept)
