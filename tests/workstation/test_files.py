"""workstation/files.py"""

from pathlib import Path

import pytest

from workstation.files import replace


def test_the_new_file_replaces_the_old_one_with_its_own_mode(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")
    path.chmod(0o644)
    replace(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace(path, "\udc80")
    assert path.read_text() == "old"


def test_what_an_interrupted_write_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "state.json.new").write_text("ha")
    replace(tmp_path / "state.json", "whole")
    assert (tmp_path / "state.json").read_text() == "whole"
