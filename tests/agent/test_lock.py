"""agent/lock.py"""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent import lock
from agent.errors import AgentError
from tests.agent.machines import ROOT

HOLD = """
import sys; from pathlib import Path; from agent import lock
with lock.held(Path(sys.argv[1])): print("held", flush=True); sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "lock"


def other(path: Path) -> "subprocess.Popen[str]":
    """Another process that has the lock."""
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_nobody_holds_a_lock_that_was_let_go(path: Path) -> None:
    assert lock.holder(path) is None
    with lock.held(path):
        pass
    assert lock.holder(path) is None
    with lock.held(path):
        pass


def test_a_second_one_is_told_who_has_it(path: Path) -> None:
    with other(path) as process:
        with pytest.raises(lock.BusyError, match=rf"another run is under way \(process {process.pid}, for \d+ s\)"):
            lock.held(path).__enter__()
        holder = lock.holder(path)
        assert holder is not None
        assert holder.pid == process.pid
        process.communicate()


def test_it_dies_with_its_process(path: Path) -> None:
    process = other(path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert lock.holder(path) is None
    with lock.held(path):
        pass


def test_looking_at_it_does_not_take_it(path: Path) -> None:
    with lock.held(path):
        pass
    command = [sys.executable, "-c", "import sys; from agent import lock; from pathlib import Path\n"]
    command[-1] += "while True: lock.holder(Path(sys.argv[1])); print(flush=True)"
    with subprocess.Popen([*command, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as looker:
        assert looker.stdout
        looker.stdout.readline()
        for _ in range(20):
            with lock.held(path):
                pass
        looker.kill()


def test_only_root_can_take_it(path: Path) -> None:
    with lock.held(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(AgentError, match="lock: cannot be opened"):
        lock.held(tmp_path / "var" / "lock").__enter__()


def test_it_tells_whether_its_last_holder_was_killed(path: Path) -> None:
    with lock.held(path) as was_killed:
        assert not was_killed
    process = other(path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with lock.held(path) as was_killed:
        assert was_killed
    with lock.held(path) as was_killed:
        assert not was_killed


def test_a_full_disk_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(AgentError, match=r"the lock cannot be written \(No space left on device\)"):
        lock.held(path).__enter__()
