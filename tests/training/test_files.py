"""Atomic writes, records and digests."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from training import files
from training.errors import TrainingError


def test_a_file_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    with files.replacing(path) as draft:
        draft.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with files.replacing(path) as draft:
            draft.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_the_same_content_is_the_same_json(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"b": 1, "a": [0.1]})
    assert (tmp_path / "a.json").read_bytes() == b'{\n  "a": [\n    0.1\n  ],\n  "b": 1\n}\n'
    assert files.read_json(tmp_path / "a.json", "train") == {"a": [0.1], "b": 1}
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) & 0o044, "others read it too: a container's user"


def test_a_missing_or_broken_record_names_the_step_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no such file; run `python -m training.train` first"):
        files.read_json(tmp_path / "none.json", "train")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(TrainingError, match=r"not valid JSON; run `python -m training.train` again"):
        files.read_json(tmp_path / "broken.json", "train")
