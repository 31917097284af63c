"""rehearsal/remote.py"""

from rehearsal.checkout import Checkout
from rehearsal.remote import Remote
from tests.rehearsal.conftest import git


def commits(remote: Remote) -> None:
    base = remote.git.text("mktree")
    remote.commit(remote.tree(base, {"release.yml": "", "other": "1"}), "Begin\n", ())


def test_a_change_is_a_commit_on_top(remote: Remote) -> None:
    commits(remote)
    before = remote.tip()
    made = remote.change({"release.yml": "image: a\n"}, "Release a\n")
    assert remote.tip() == made
    assert remote.git.text("log", "-1", "--format=%P %s %an") == f"{before} Release a Slipway rehearsal"
    assert "+image: a" in remote.diff(made)
    assert remote.read("other") == "1"


def test_the_same_content_is_no_commit(remote: Remote) -> None:
    commits(remote)
    assert remote.change({"other": "1"}, "Nothing\n") == remote.tip()


def test_releases_are_the_commits_that_changed_the_release_newest_first(remote: Remote) -> None:
    commits(remote)
    first = remote.change({"release.yml": "image: a\n"}, "Release a\n")
    remote.change({"other": "2"}, "Something else\n")
    second = remote.change({"release.yml": "image: b\n"}, "Release b\n")
    assert remote.releases()[:2] == [second, first]


def test_an_interrupted_making_is_begun_anew(checkout: Checkout) -> None:
    (checkout.folder / "remote.git.new").mkdir()
    assert Remote(checkout).tip() == ""
    assert Remote(checkout).git.text("symbolic-ref", "HEAD") == "refs/heads/local"


def test_hooks_and_settings_of_the_person_do_not_count(remote: Remote) -> None:
    assert not (remote.path / "hooks").exists()
    commits(remote)
    assert git(remote.path, "log", "-1", "--format=%ce") == "rehearsal@localhost"
