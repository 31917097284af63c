"""agent/repository.py"""

import shutil
from pathlib import Path

import pytest

from agent.errors import AgentError, RemoteError
from agent.repository import APPLIED, ATTEMPTED, Repository
from tests.agent.remotes import IDENTITY, Remote


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for key, value in IDENTITY.items():
        monkeypatch.setenv(key, value)
    return Repository(tmp_path / "repository.git", 30)


def fetch(repository: Repository, remote: Remote) -> str:
    return repository.fetch(str(remote.url), "prod")


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
    with pytest.raises(AgentError, match="commit 111111111111 cannot be marked as attempted"):
        repository.mark(ATTEMPTED, "1" * 40)


def tear_objects(path: Path) -> None:
    """As a power cut does: files that are there, and empty."""
    for file in (path / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def leave_locks(path: Path) -> None:
    """As a killed git does."""
    for name in ("refs/heads/seen.lock", "packed-refs.lock", "shallow.lock"):
        (path / name).touch()


def lose_head(path: Path) -> None:
    (path / "HEAD").unlink()
    shutil.rmtree(path / "refs")


@pytest.mark.parametrize("damage", [tear_objects, leave_locks, lose_head])
def test_a_damaged_repository_is_made_anew(repository: Repository, remote: Remote, damage: object) -> None:
    assert callable(damage)
    remote.commit({"a": "1"})
    fetch(repository, remote)
    damage(repository.path)
    second = remote.commit({"a": "2"})
    assert fetch(repository, remote) == second
    assert repository.has(second)
    assert not repository.path.with_name("repository.git.new").exists()


def test_what_is_applied_stays_known_when_it_is_made_anew(repository: Repository, remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    fetch(repository, remote)
    repository.mark(APPLIED, first)
    leave_locks(repository.path)
    remote.commit({"a": "2"})
    fetch(repository, remote)
    assert repository.marked(APPLIED) == first


def test_a_remote_that_is_away_leaves_all_as_it_was(repository: Repository, remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    fetch(repository, remote)
    shutil.rmtree(remote.url)
    with pytest.raises(RemoteError, match="cannot be read"):
        fetch(repository, remote)
    assert repository.has(first)
    assert not repository.path.with_name("repository.git.new").exists()
