"""containers/engine.py: an engine that was started is stopped again, but never while it is in use."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers import engine
from workstation.errors import CommandError

install = engine.install


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A computer on which no engine runs; `dockerd` and `docker` are fakes."""
    (tmp_path / "dockerd").write_text("#!/bin/sh\nwhile :; do sleep 0.05; done\n")
    (tmp_path / "docker").write_text(f"#!/bin/sh\ncat {tmp_path}/containers\n")
    for name in ("dockerd", "docker"):
        (tmp_path / name).chmod(0o755)
    (tmp_path / "containers").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(engine, "answers", lambda: bool(engines(tmp_path)))
    monkeypatch.setattr(engine, "install", lambda: None)
    monkeypatch.setattr(engine, "SYSTEMD", tmp_path / "nowhere")
    yield
    for pid in engines(tmp_path):
        os.kill(pid, 9)


def engines(folder: Path) -> list[int]:
    """Return the process ids of this test's engines."""
    found = subprocess.run(["pgrep", "-f", f"{folder}/dockerd"], check=False, stdout=subprocess.PIPE, text=True)
    return [int(pid) for pid in found.stdout.split()]


def test_a_user_without_root_reads_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "install", install)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        CommandError, match=r"no Docker Engine answers to this user. Run: sudo apt-get install docker.io"
    ):
        engine.ensure()


def test_one_that_was_started_is_ended_and_is_nobodys_child(tmp_path: Path) -> None:
    with engine.engine():
        (pid,) = engines(tmp_path)
        assert engine.is_dockerd(pid)
        assert f"PPid:\t{os.getpid()}\n" not in Path(f"/proc/{pid}/status").read_text()
    assert not engines(tmp_path)


def test_one_that_another_command_needs_by_then_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with engine.engine():
        other = engine.engine()
        other.__enter__()
    assert engines(tmp_path)
    assert "Docker Engine keeps running" in capsys.readouterr().err
    other.__exit__(None, None, None)


def test_one_with_a_container_that_runs_stays(tmp_path: Path) -> None:
    with engine.engine():
        (tmp_path / "containers").write_text("0123456789ab\n")
    assert engines(tmp_path)


def test_one_that_runs_already_is_nobodys_to_end(tmp_path: Path) -> None:
    started = engine.ensure()
    with engine.engine():
        assert engine.ensure() == 0
    assert engines(tmp_path) == [started]


def test_a_process_with_its_number_is_not_an_engine() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        assert not engine.end_unless_used(other.pid)
        other.terminate()
    assert not engine.is_dockerd(0)
    assert not engine.is_dockerd(other.pid)
