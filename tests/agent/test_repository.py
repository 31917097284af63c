"""agent/repository.py"""

import json
import os
import shutil
from pathlib import Path

import pytest

from agent.errors import AgentError, DamagedError, RemoteError
from agent.repository import APPLIED, ATTEMPTED, SEEN, Repository
from tests.agent.remotes import IDENTITY, Remote


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for key, value in IDENTITY.items():
        monkeypatch.setenv(key, value)
    return Repository(tmp_path / "repository.git", 30)


def fetch(repository: Repository, remote: Remote) -> str:
    return repository.fetch(str(remote.url), "prod")


def fetch_anew(repository: Repository, remote: Remote, applied: str = "") -> str:
    """As a run does where its repository is damaged."""
    with pytest.raises(DamagedError, match=r"repository\.git: the repository is damaged"):
        fetch(repository, remote)
    repository.rebuild(str(remote.url), "prod", {APPLIED: applied})
    return fetch(repository, remote)


def test_a_fetched_commit_is_here(repository: Repository, remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    assert not repository.has(first)
    assert fetch(repository, remote) == first
    second = remote.commit({"a": "2"})
    assert not repository.has(second)
    assert fetch(repository, remote) == second
    assert repository.has(first)
    assert repository.has(second)


def test_a_rewound_branch_is_fetched_too_and_seen_as_such(repository: Repository, remote: Remote) -> None:
    first, second = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    fetch(repository, remote)
    repository.mark(APPLIED, second)
    remote.rewind(first)
    assert fetch(repository, remote) == first
    assert repository.descends(second, first)
    assert repository.descends(second, second)
    assert not repository.descends(first, second)
    assert not repository.descends(second, "0" * 40)


def test_what_differs_between_commits_is_told_by_both_names_of_a_renamed_file(
    repository: Repository, remote: Remote
) -> None:
    first = remote.commit({"a": "1\n2\n3\n4\n", "with space ü": "1"})
    second = remote.commit({"a": None, "b": "1\n2\n3\n4\n", "with space ü": "2"})
    fetch(repository, remote)
    assert sorted(repository.changed(first, second) or []) == ["a", "b", "with space ü"]
    assert repository.changed(first, first) == []
    assert repository.changed("0" * 40, second) is None


def test_a_commit_is_kept_under_a_name(repository: Repository, remote: Remote) -> None:
    commit = remote.commit({"a": "1"})
    assert repository.marked(APPLIED) == ""
    fetch(repository, remote)
    repository.mark(APPLIED, commit)
    assert repository.marked(APPLIED) == commit
    with pytest.raises(AgentError, match="commit 111111111111 cannot be recorded as attempted"):
        repository.mark(ATTEMPTED, "1" * 40)


def tear_objects(path: Path) -> None:
    """As a power cut does: files that are there, and empty."""
    for file in (path / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def leave_locks(path: Path) -> None:
    """As a killed git does."""
    for name in ("refs/heads/seen.lock", "refs/heads/applied.lock", "packed-refs.lock", "shallow.lock", "config.lock"):
        (path / name).touch()
    (path / "objects" / "pack").mkdir(exist_ok=True)
    (path / "objects" / "pack" / "tmp_pack_x").write_text("half a pack")


def lose_head(path: Path) -> None:
    (path / "HEAD").unlink()
    shutil.rmtree(path / "refs")


def test_a_repository_without_its_head_is_completed(repository: Repository, remote: Remote) -> None:
    remote.commit({"a": "1"})
    fetch(repository, remote)
    lose_head(repository.path)
    second = remote.commit({"a": "2"})
    assert fetch(repository, remote) == second
    assert repository.is_whole()


def test_a_damaged_repository_is_made_anew(repository: Repository, remote: Remote) -> None:
    remote.commit({"a": "1"})
    fetch(repository, remote)
    tear_objects(repository.path)
    second = remote.commit({"a": "2"})
    assert fetch_anew(repository, remote) == second
    assert repository.is_whole()
    assert not repository.path.with_name("repository.git.new").exists()


def test_what_is_applied_stays_known_when_it_is_made_anew(repository: Repository, remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    fetch(repository, remote)
    repository.mark(APPLIED, first)
    tear_objects(repository.path)
    remote.commit({"a": "2"})
    fetch_anew(repository, remote, applied=first)
    assert repository.marked(APPLIED) == first


def test_a_commit_that_the_branch_has_lost_is_taken_from_the_damaged_repository(
    repository: Repository, remote: Remote
) -> None:
    first, second = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    fetch(repository, remote)
    repository.mark(APPLIED, second)
    remote.rewind(first)
    repository.rebuild(str(remote.url), "prod", {APPLIED: second})
    assert repository.marked(APPLIED) == second
    assert repository.has(second)


def test_locks_of_a_killed_git_are_removed(repository: Repository, remote: Remote) -> None:
    commit = remote.commit({"a": "1"})
    fetch(repository, remote)
    kept = repository.path / "kept"
    kept.touch()
    leave_locks(repository.path)
    repository.mark(APPLIED, commit)
    leave_locks(repository.path)
    remote.commit({"a": "2"})
    fetch(repository, remote)
    # By removing them, not by a new repository.
    assert kept.exists()
    assert not list(repository.path.rglob("*.lock"))
    assert not list(repository.path.rglob("tmp_*"))


def test_a_damaged_object_is_no_rewound_branch(repository: Repository, remote: Remote) -> None:
    first, second = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    fetch(repository, remote)
    tear_objects(repository.path)
    with pytest.raises(DamagedError):
        repository.descends(second, first)
    with pytest.raises(DamagedError):
        repository.mark(APPLIED, first)
    assert repository.marked(SEEN) == second


def test_what_is_fetched_is_on_the_disk(repository: Repository, remote: Remote, tmp_path: Path) -> None:
    """git leaves that to the kernel, unless it is told."""
    remote.commit({"a": "1"})
    trace = tmp_path / "trace"
    os.environ["GIT_TRACE2_EVENT"] = str(trace)
    try:
        fetch(repository, remote)
    finally:
        del os.environ["GIT_TRACE2_EVENT"]
    synced = [json.loads(line) for line in trace.read_text().splitlines() if "fsync" in line and "hardware" in line]
    assert any(event.get("value", event.get("count", 0)) for event in synced)


def test_a_full_disk_is_not_the_remotes_fault(
    repository: Repository, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.commit({"a": "1"})
    fetch(repository, remote)
    remote.commit({"a": "2"})
    real = shutil.which("git")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    output = "fatal: write error: No space left on device"
    program.write_text(f'#!/bin/sh\ncase "$*" in *fetch*) echo {output!r} >&2; exit 128;; esac\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(AgentError, match=r"this host's disk is full: .*No space left on device") as caught:
        fetch(repository, remote)
    assert not isinstance(caught.value, RemoteError)


def test_a_remote_that_is_away_leaves_all_as_it_was(repository: Repository, remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    fetch(repository, remote)
    shutil.rmtree(remote.url)
    with pytest.raises(RemoteError, match="cannot be read"):
        fetch(repository, remote)
    assert repository.has(first)
    assert not repository.path.with_name("repository.git.new").exists()
