"""Files and folders are whole or not there at all."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.module_utils.slipway import files


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the disk, in its order."""
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_fsync(fd: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{fd}')).name}")
        fsync(fd)

    def note_rename(old: str, new: str) -> None:
        done.append(f"rename {Path(new).name}")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    return done


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, steps: list[str]) -> None:
    files.write(str(tmp_path / "file"), b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert steps == ["sync file.new", "rename file", f"sync {tmp_path.name}"]


def test_all_of_a_folder_is_on_the_disk(tmp_path: Path, steps: list[str]) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").touch()
    (tmp_path / "a" / "b" / "two").touch()
    files.sync_tree(str(tmp_path / "a"))
    assert sorted(steps) == ["sync a", "sync b", "sync one", "sync two"]


@pytest.mark.parametrize("there", ["nothing", "file", "folder", "link"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_whatever_is_there_is_replaced(tmp_path: Path, there: str, kind: str) -> None:
    fresh, path = tmp_path / "fresh", tmp_path / "path"
    for place, what in ((fresh, kind), (path, there)):
        if what == "folder":
            place.mkdir()
            (place / "inside").write_text(place.name)
        elif what == "file":
            place.write_text(place.name)
        elif what == "link":
            place.symlink_to("/etc")
    files.replace(str(fresh), str(path))
    assert not path.is_symlink()
    assert (path / "inside" if kind == "folder" else path).read_text() == "fresh"
    assert not fresh.exists()


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to("kept")
    assert files.remove(str(tmp_path / "link"))
    assert not files.remove(str(tmp_path / "link"))
    assert (tmp_path / "kept" / "file").exists()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """A disk that takes no file of more than a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file_and_nothing_besides(tmp_path: Path, small_disk: None) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="File too large"):
        files.write(str(path), b"x" * 100)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
