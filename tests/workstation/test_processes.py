"""workstation/processes.py finds every process below one, and ends them all."""

import subprocess
import sys
from pathlib import Path

from workstation import processes
from workstation.paths import ROOT

# It starts a shell that leaves a process in a session of its own, deaf to SIGTERM, and ends.
SCRIPT = """
import os
import subprocess
from agent import process_tree
from workstation import processes

process_tree.ENDS_WITHIN_SECONDS = 1
process_tree.adopt()
shell = "trap '' TERM; setsid sh -c 'trap \\"\\" TERM; echo $$; while :; do sleep 600; done' & read -r _"
process = subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
left = int(process.stdout.readline())
process.stdin.close()
process.wait()
assert left in process_tree.below()
processes.end_all()
assert not process_tree.below()
print(left)
"""


def test_a_process_that_left_its_parents_and_is_deaf_is_ended_too() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not Path("/proc", done.stdout.strip()).exists()
    assert "ending 2 process(es) that still run: sh, sleep" in done.stderr


def test_nothing_is_logged_where_nothing_is_left() -> None:
    command = [sys.executable, "-c", "from workstation import processes; processes.end_all()"]
    assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr == ""


def test_a_process_has_the_name_of_its_program_until_it_ends() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert processes.program(process.pid) == "sleep"
        process.kill()
        # Nobody has asked for its exit code yet.
        while processes.program(process.pid):
            pass
    assert processes.program(process.pid) == ""
