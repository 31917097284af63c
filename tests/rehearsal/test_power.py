"""The engine that `up` starts is the one that `down` ends, and no other."""

import os
import subprocess
from pathlib import Path

import pytest

from rehearsal import power, state
from rehearsal.place import Place


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no engine runs, and a program that passes for one."""
    (tmp_path / "dockerd").write_text("#!/bin/sh\nwhile :; do sleep 0.05; done\n")
    (tmp_path / "dockerd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(power.engine, "answers", lambda: False)
    monkeypatch.setattr(power.engine, "install", lambda: None)
    monkeypatch.setattr(power.engine, "wait", lambda process: None)
    monkeypatch.setattr(power, "SYSTEMD", tmp_path / "nowhere")


@pytest.mark.usefixtures("engine")
def test_one_that_was_started_is_remembered_and_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "until `make down`" in power.on(place, state.State())
    kept = state.read(place)
    assert power.is_dockerd(kept.engine)
    monkeypatch.setattr(power, "docker", lambda *_: "a container of somebody's")
    assert not power.off(kept)
    assert power.is_dockerd(kept.engine)
    monkeypatch.setattr(power, "docker", lambda *_: "")
    assert power.off(kept)


def test_one_that_runs_already_is_nobodys_to_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power.engine, "answers", lambda: True)
    kept = state.State()
    assert power.on(place, kept) == "runs"
    assert not power.off(kept)


def test_a_process_with_its_number_is_not_an_engine() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        assert not power.is_dockerd(other.pid)
        other.terminate()
    assert not power.is_dockerd(0)
    assert not power.is_dockerd(other.pid)
