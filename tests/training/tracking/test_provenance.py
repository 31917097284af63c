"""The commit, the state of the work tree, the installed versions."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.tracking import provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "file"], [*identity, "commit", "-qm", "One"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_checkout_has_a_commit_and_is_clean_until_something_changes(checkout: Path) -> None:
    found = provenance.git(checkout)
    assert len(found["git_commit"]) == 40
    assert found["git_clean"] == "true"
    (checkout / "file").write_text("2")
    assert provenance.git(checkout) == {**found, "git_clean": "false"}


def test_without_a_checkout_or_git_both_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = {"git_commit": "unknown", "git_clean": "unknown"}
    assert provenance.git(tmp_path) == unknown
    monkeypatch.setenv("PATH", "")
    assert provenance.git() == unknown


def test_the_installed_versions_are_listed() -> None:
    assert f"numpy=={metadata.version('numpy')}" in provenance.installed().splitlines()


def test_a_requirement_is_pinned_to_what_is_installed() -> None:
    assert provenance.pinned("not-there", "numpy") == f"numpy=={metadata.version('numpy')}"
    with pytest.raises(TrainingError, match="not-there: not installed"):
        provenance.pinned("not-there")
