"""workstation/locks.py"""

import subprocess
import sys
from pathlib import Path

from workstation.locks import held
from workstation.paths import ROOT

SCRIPT = "import sys; from pathlib import Path; from workstation.locks import held\nwith held(Path(sys.argv[1])): pass"


def test_a_second_process_logs_that_it_waits_and_continues_when_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "thing"
    with held(path):
        command = [sys.executable, "-c", SCRIPT, str(path)]
        second = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert second.stderr
        assert second.stderr.readline() == "slipway: another run is using thing: waiting for it\n"
        assert second.poll() is None
    assert second.wait(10) == 0
    second.stderr.close()
