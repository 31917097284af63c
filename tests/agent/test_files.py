"""agent/files.py"""

import subprocess
import sys
from pathlib import Path

from agent import files
from tests.agent.machines import ROOT

# The kernel then refuses to write more than so many bytes into a file, as it does on a full disk.
FULL = """
import resource, sys; from pathlib import Path; from agent import files
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try: files.replace(Path(sys.argv[1]), "x" * 1000)
except OSError as error: print("refused", error.errno)
"""


def test_the_new_text_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("one", "two and more", "3"):
        files.replace(path, text)
        assert path.read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.replace(path, "old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.startswith("refused")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
