"""rehearsal/snapshot.py: the host gets the checkout as it is, and the user's repository does not change."""

import hashlib
from pathlib import Path

import pytest

from rehearsal import snapshot
from rehearsal.checkout import Checkout
from rehearsal.remote import Remote
from tests.rehearsal.conftest import RELEASE, SETTINGS, git
from workstation.errors import CommandError

IMAGE = {"mlflow_image": "registry:5000/slipway-mlops@sha256:00"}


def everything(folder: Path) -> dict[str, str]:
    """Return the digest of every file of the checkout, with those of git, by path."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "var" not in path.relative_to(folder).parts[:1]]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_files_come_committed_or_not_and_ignored_ones_do_not(checkout: Checkout, remote: Remote) -> None:
    (checkout.root / "run.sh").write_text("#!/bin/sh\necho changed\n")
    (checkout.root / "new file.txt").write_text("new")
    (checkout.root / "my.secret").write_text("hidden")
    commit = snapshot.take(checkout, remote, IMAGE)
    assert remote.read("run.sh", commit) == "#!/bin/sh\necho changed\n"
    assert remote.read("new file.txt", commit) == "new"
    listing = remote.git.text("ls-tree", "-r", commit)
    assert "secret" not in listing
    assert "var/" not in listing
    assert "100755 blob" in next(line for line in listing.splitlines() if line.endswith("run.sh"))


def test_a_file_that_was_removed_is_gone(checkout: Checkout, remote: Remote) -> None:
    (checkout.root / "run.sh").unlink()
    assert "run.sh" not in remote.git.text("ls-tree", "-r", "--name-only", snapshot.take(checkout, remote, IMAGE))


def test_nothing_of_the_persons_changes(checkout: Checkout, remote: Remote) -> None:
    hook = checkout.root / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    (checkout.root / "staged.txt").write_text("staged")
    git(checkout.root, "add", "staged.txt")
    (checkout.root / "untracked.txt").write_text("untracked")
    before = everything(checkout.root)
    snapshot.take(checkout, remote, IMAGE)
    assert everything(checkout.root) == before


def test_this_computers_settings_are_set_and_the_others_stay(checkout: Checkout, remote: Remote) -> None:
    text = remote.read("environments/local.yml", snapshot.take(checkout, remote, IMAGE))
    assert text == SETTINGS.replace("mlflow_image: old\n", "") + f"mlflow_image: {IMAGE['mlflow_image']}\n"


def test_the_same_files_make_no_new_commit(checkout: Checkout, remote: Remote) -> None:
    first = snapshot.take(checkout, remote, IMAGE)
    assert snapshot.take(checkout, remote, IMAGE) == first
    assert snapshot.take(checkout, remote, {"mlflow_image": "another"}) != first


def test_the_release_of_the_branch_is_kept(checkout: Checkout, remote: Remote) -> None:
    assert remote.read("release.yml", snapshot.take(checkout, remote, IMAGE)) == RELEASE
    remote.change({"release.yml": "image: a\n"}, "Release a\n")
    (checkout.root / "run.sh").write_text("#!/bin/sh\necho later\n")
    commit = snapshot.take(checkout, remote, IMAGE)
    assert remote.read("release.yml", commit) == "image: a\n"
    assert "later" in remote.read("run.sh", commit)


def test_a_commit_descends_from_the_one_before_and_from_the_checkouts(checkout: Checkout, remote: Remote) -> None:
    first = snapshot.take(checkout, remote, IMAGE)
    assert remote.git.text("log", "-1", "--format=%P", first).split() == [git(checkout.root, "rev-parse", "HEAD")]
    (checkout.root / "run.sh").write_text("changed")
    git(checkout.root, "commit", "--quiet", "-am", "Change")
    second = snapshot.take(checkout, remote, IMAGE)
    head = git(checkout.root, "rev-parse", "HEAD")
    assert remote.git.text("log", "-1", "--format=%P", second).split() == [first, head]
    assert "Begin" in remote.git.text("log", "--format=%s", second)
    assert remote.git.text("fsck", "--connectivity-only") == ""


def test_a_shallow_clone_has_no_history_to_hand_on(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.root / "run.sh").write_text("changed")
    git(checkout.root, "commit", "--quiet", "-am", "Change")
    shallow = Checkout(tmp_path / "shallow", "0")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{checkout.root}", str(shallow.root))
    shallow.folder.mkdir(parents=True)
    remote = Remote(shallow)
    commit = snapshot.take(shallow, remote, IMAGE)
    assert remote.git.text("log", "--format=%H", commit).split() == [commit]


def test_a_folder_without_git_is_refused_with_what_to_do(checkout: Checkout, tmp_path: Path, remote: Remote) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(CommandError, match="clone the repository"):
        snapshot.take(Checkout(tmp_path / "plain", "0"), remote, IMAGE)
