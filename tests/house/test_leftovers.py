"""tools/leftovers.py ends what tests leave, also what has left them."""

import os
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
# It starts a shell that leaves a process in a session of its own, deaf to SIGTERM, and ends.
SCRIPT = """
import subprocess
import leftovers

leftovers.ENDS_WITHIN_SECONDS = 1
leftovers.adopt()
shell = "trap '' TERM; setsid sh -c 'trap \\"\\" TERM; echo $$; while :; do sleep 600; done' & read -r _"
process = subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
left = int(process.stdout.readline())
process.stdin.close()
process.wait()
assert left in leftovers.descendants()
leftovers.end_processes()
assert not leftovers.descendants()
print(left)
"""


def test_a_process_that_left_its_parents_and_is_deaf_is_ended_too() -> None:
    command = [sys.executable, "-c", SCRIPT]
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not Path("/proc", done.stdout.strip()).exists()
    assert "sending SIGKILL" in done.stderr


def test_no_process_but_those_below_is_seen() -> None:
    command = [sys.executable, "-c", "import leftovers; print(leftovers.descendants())"]
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout == "{}\n"
