"""agent/health/fingerprints.py"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.health import fingerprints
from agent.health.checks import Check
from agent.health.fingerprints import fingerprint, learn, problem


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.ubj").write_text("model")
    (folder / "golden.json").write_text("{}")
    # The kernel's time of a change moves on by some milliseconds at once: a change in the same step would not show.
    probe = tmp_path / "probe"
    while not probe.exists() or probe.stat().st_ctime_ns <= (folder / "golden.json").stat().st_ctime_ns:
        probe.write_text("")
    return folder


def replaced(path: Path) -> None:
    path.with_name("new").write_text("MODEL")
    path.with_name("new").rename(path)


def overwritten_with_its_time_kept(path: Path) -> None:
    before = path.stat()
    path.write_text("MODEL")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [replaced, overwritten_with_its_time_kept, Path.unlink, lambda path: path.chmod(0)])
def test_any_change_shows_in_the_file_and_in_the_folders_above_it(bundle: Path, change: Callable[[Path], None]) -> None:
    paths = [str(bundle / "model.ubj"), str(bundle), str(bundle.parent)]
    known = {path: fingerprint(path) for path in paths}
    assert not any(problem(known, path) for path in paths)
    change(bundle / "model.ubj")
    assert all(problem(known, path) for path in paths)


def test_what_is_written_anew_at_each_boot_has_not_changed(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(bundle / "model.ubj")
    monkeypatch.setattr(fingerprints, "IN_MEMORY", str(bundle))
    known = {path: fingerprint(path)}
    replaced(bundle / "model.ubj")
    assert problem(known, path) == ""
    (bundle / "model.ubj").write_text("another")
    assert problem(known, path)


def test_what_was_never_seen_has_not_changed_but_may_be_missing(bundle: Path) -> None:
    assert problem({}, str(bundle)) == ""
    assert problem({}, "/nowhere") == "/nowhere is missing"


def test_a_run_of_some_roles_vouches_for_their_files_alone(bundle: Path, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.write_text("1")
    other.write_text("1")
    checks = [Check("api", "api", "file", str(mine)), Check("gateway", "gateway", "file", str(other))]
    known = learn({}, checks, tmp_path / "health.d", ())
    mine.write_text("22")
    other.write_text("22")
    known = learn(known, checks, tmp_path / "health.d", ("api",))
    assert problem(known, str(mine)) == ""
    assert "other was changed" in problem(known, str(other))
    assert problem(learn(known, checks, tmp_path / "health.d", None), str(other)) == ""


def test_checks_that_were_removed_are_missed_until_their_role_has_run(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text("[]")
    known = learn({}, [], tmp_path, None)
    (tmp_path / "api.json").unlink()
    known = learn(known, [], tmp_path, ("gateway",))
    assert problem(known, str(tmp_path / "api.json")).endswith("api.json is missing")
    assert learn(known, [], tmp_path, ("api",)) == learn(known, [], tmp_path, None) == {}
