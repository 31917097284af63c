"""Folders and files get their content, mode and owner, and nothing else is touched."""

import os
from pathlib import Path

import pytest

from plugins.module_utils.slipway import places
from plugins.module_utils.slipway.places import Access, File, Folder, Nothing, Place, PlaceError

OWN = Access(0o640, os.getuid(), os.getgid())


def settled(place: Place) -> bool:
    """Put it in place; return whether there was something to do."""
    if place.is_right():
        return False
    place.put()
    assert place.is_right()
    return True


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(str(tmp_path / "file"), OWN, b"new\n")


def test_a_missing_file_is_written_once(file: File, tmp_path: Path) -> None:
    assert settled(file)
    assert (tmp_path / "file").read_bytes() == b"new\n"
    assert mode(tmp_path / "file") == 0o640
    assert not settled(file)


@pytest.mark.parametrize("there", ["content", "mode", "empty", "link", "folder"])
def test_whatever_differs_is_repaired(file: File, tmp_path: Path, there: str) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"new\n")
    other.chmod(0o640)
    if there == "link":
        path.symlink_to(other)
    elif there == "folder":
        path.mkdir(mode=0o640)
    else:
        path.write_bytes({"content": b"old\n", "mode": b"new\n", "empty": b""}[there])
        path.chmod(0o600 if there == "mode" else 0o640)
    assert settled(file)
    assert path.read_bytes() == b"new\n"
    assert not path.is_symlink()
    assert other.read_bytes() == b"new\n"
    assert sorted(tmp_path.iterdir()) == [path, other]


def test_another_owner_is_seen(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(file)
    assert not File(file.path, Access(0o640, OWN.uid, OWN.gid + 1), file.content).is_right()
    assert not File(file.path, Access(0o640, OWN.uid + 1, OWN.gid), file.content).is_right()


def test_a_refused_file_leaves_the_old_one_and_nothing_besides(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old\n")
    with pytest.raises(PlaceError, match=f"^{path}: wrong word in line 1$"):
        File(str(path), OWN, b"new\n", lambda fresh: "wrong word in line 1").put()
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_that_is_judged_has_the_new_content(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def refusal(fresh: str) -> str:
        seen.append(Path(fresh).read_bytes())
        return ""

    settled(File(str(tmp_path / "file"), OWN, b"new\n", refusal))
    assert seen == [b"new\n"]


def test_a_folder_is_made_with_its_parents_and_repaired(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    folder = Folder(str(path), Access(0o750, OWN.uid, OWN.gid))
    assert settled(folder)
    assert (mode(path), mode(path.parent)) == (0o750, 0o755)
    path.chmod(0o700)
    (path / "kept").touch()
    assert settled(folder)
    assert (path / "kept").exists()
    assert not settled(folder)


@pytest.mark.parametrize("there", ["file", "link"])
def test_what_is_in_the_place_of_a_folder_is_an_error(tmp_path: Path, there: str) -> None:
    path = tmp_path / "folder"
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    if there == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.touch()
    with pytest.raises(PlaceError, match=f"^{path}: is a file or a link, wanted a folder$"):
        settled(Folder(str(path), Access(0o755, OWN.uid, OWN.gid)))
    assert mode(tmp_path / "elsewhere") == 0o700


def test_others_are_the_files_without_a_name_here(tmp_path: Path) -> None:
    for name in ("known.py", "old.py", "known.py.new"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "link").symlink_to("__pycache__")
    found = places.others(str(tmp_path), {"known.py"})
    assert [Path(path).name for path in found] == ["known.py.new", "link", "old.py"]
    assert all(settled(Nothing(path)) for path in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["__pycache__", "known.py"]
    assert places.others(str(tmp_path / "missing"), set()) == []


def test_a_link_to_a_folder_has_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").touch()
    (tmp_path / "link").symlink_to("folder")
    assert places.others(str(tmp_path / "link"), set()) == []


@pytest.mark.parametrize("content", [["a"], {"a": 1}, 7, None])
def test_what_is_no_text_is_not_written_in_pythons_notation(content: object) -> None:
    with pytest.raises(PlaceError, match=r"^/x: its content is of the type \w+, wanted a text$"):
        places.encoded("/x", content)


def test_a_diff_shows_what_changes(file: File, tmp_path: Path) -> None:
    assert file.diff()["before"] == ""
    settled(file)
    assert File(file.path, OWN, b"newer\n").diff() | {"before_header": "", "after_header": ""} == {
        **{"before": "new\n", "after": "newer\n", "before_header": "", "after_header": ""},
    }
    (tmp_path / "file").chmod(0o600)
    assert "mode 0640" in file.diff()["prepared"]
