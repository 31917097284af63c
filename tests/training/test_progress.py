"""What is said meanwhile."""

from __future__ import annotations

import io

import pytest

from training.progress import Progress


def test_a_step_has_a_head_lines_and_a_time() -> None:
    said = io.StringIO()
    progress = Progress(said)
    with progress.step("train", "3/5"):
        progress.say("tree 25")
    head, line, time = said.getvalue().splitlines()
    assert (head, line.strip()) == ("[3/5] train", "tree 25")
    assert time.strip() == f"done in {progress.seconds['train']:.2f} s"


def test_by_default_it_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().step("train"):
        pass
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("train\n")
