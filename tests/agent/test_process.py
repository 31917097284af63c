"""agent/process.py and agent/process_tree.py, in a process of their own: they end all that is below them."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent import process
from tests.agent.machines import ROOT, is_running

STREAM = """
import os, sys; from pathlib import Path; from agent import process
done = process.stream(["sh", "-c", sys.argv[1]], limit=float(sys.argv[2]), env=os.environ, cwd=Path("/"),
    echo=lambda piece: (sys.stdout.buffer.write(piece), sys.stdout.flush()))
print("ended", done.code, done.timed_out)
"""


def stream(script: str, limit: float = 60) -> str:
    command = [sys.executable, "-c", STREAM, script, str(limit)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def test_what_is_printed_comes_through_both_streams_and_the_code_too() -> None:
    assert stream("echo one; echo two >&2; exit 3") == "one\ntwo\nended 3 False\n"


def test_a_process_that_goes_on_in_the_background_neither_holds_up_nor_survives() -> None:
    output = stream("setsid sleep 1000 & echo child $!")
    (pid,) = re.findall(r"child (\d+)", output)
    assert "ended 0 False" in output
    assert not is_running(int(pid))


def test_a_process_that_ignores_the_polite_signal_is_killed_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "from agent import process_tree; process_tree.ENDS_WITHIN_SECONDS = 1\n" + STREAM]
    script = "trap '' TERM; echo child $$; while true; do sleep 1; done"
    done = subprocess.run([*command, script, "1"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    (pid,) = re.findall(r"child (\d+)", done.stdout)
    assert "True" in done.stdout
    assert not is_running(int(pid))


def test_what_is_captured_comes_apart() -> None:
    done = process.capture(["sh", "-c", "echo one; echo two >&2; exit 3"], limit=60, env=os.environ)
    assert done == process.Finished(3, "one\n", "two\n", False)


def test_a_captured_program_over_its_limit_is_killed_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! > {tmp_path}/pid; wait"
    done = process.capture(["sh", "-c", script], limit=1, env=os.environ)
    assert done.timed_out
    # The signal was sent; that it arrives is the kernel's affair, and never comes if it was not.
    while is_running(int((tmp_path / "pid").read_text())):
        time.sleep(0.01)
