"""Progress on stderr."""

from __future__ import annotations

import io

import pytest

from training.progress import Progress


def test_a_step_prints_a_heading_its_lines_and_its_duration() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.step("train", "3/5"):
        progress.say("tree 25")
    head, line, time = stream.getvalue().splitlines()
    assert (head, line.strip()) == ("[3/5] train", "tree 25")
    assert time.strip() == f"done in {progress.seconds['train']:.2f} s"


def test_progress_goes_to_stderr_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().step("train"):
        pass
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("train\n")
