"""The counts of processes, files and memory, of processes that run here."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.series import inventory
from bench.series.inventory import PROC, below, descriptors, entries, megabytes, processes

PROGRAM = """
import subprocess, sys
files = [open("/dev/null") for _ in range(5)]
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
# Once it answers, it has its name.
child.stdin.write(b"?")
child.stdout.read(1)
print(child.pid, flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


@pytest.fixture
def program() -> Iterator[tuple[int, int]]:
    """A process with five files open, and its child."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout
        yield made.pid, int(made.stdout.readline())
        assert made.stdin
        made.stdin.close()


def test_a_process_is_listed_by_its_name_and_below_its_parent(program: tuple[int, int]) -> None:
    parent, child = program
    assert dict(processes(PROC))[child] == "cat"
    assert below(PROC, {parent}) == {parent, child}


def test_open_files_and_memory_are_counted(program: tuple[int, int]) -> None:
    parent, child = program
    assert descriptors(PROC / str(parent)) >= 8
    assert descriptors(PROC / str(parent)) > descriptors(PROC / str(child))
    assert megabytes(PROC / str(parent)) > megabytes(PROC / str(child)) > 0


def test_a_process_that_ended_has_nothing(tmp_path: Path) -> None:
    ended = tmp_path / "1"
    ended.mkdir()
    assert list(processes(tmp_path)) == []
    assert below(tmp_path, {1}) == {1}
    assert (descriptors(ended), megabytes(ended)) == (0, 0)


def test_files_and_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    assert entries(tmp_path) == 2


def test_it_needs_no_package_of_ours() -> None:
    assert "from bench" not in Path(inventory.__file__).read_text()
