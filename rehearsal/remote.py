"""The bare repository that the host follows, and its branch. Commits are made in it without a work tree."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from rehearsal.checkout import BRANCH, Checkout
from rehearsal.git import Git

REF = f"refs/heads/{BRANCH}"
RELEASE = "release.yml"
MODE = "100644"


class Remote:
    """The repository; it is created if it is missing."""

    def __init__(self, checkout: Checkout) -> None:
        """Open the repository, or create it."""
        self.path = checkout.remote
        self.git = Git(f"--git-dir={self.path}")
        if not self.path.exists():
            fresh = self.path.with_name(self.path.name + ".new")
            if fresh.exists():  # left by an interrupted run
                shutil.rmtree(fresh)
            Git().text("init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}", str(fresh))
            fresh.rename(self.path)

    def tip(self) -> str:
        """Return the branch's newest commit, "" before the first."""
        return self.git.commit(REF)

    def read(self, path: str, commit: str = REF) -> str:
        """Return the content of a file in a commit."""
        return self.git.raw("cat-file", "blob", f"{commit}:{path}").decode()

    def tree(self, base: str, files: Mapping[str, str]) -> str:
        """Return the tree of `base`, a commit or a tree, with these files changed."""
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            git = Git(f"--git-dir={self.path}", index=Path(folder) / "index")
            git.text("read-tree", base)
            for path, content in files.items():
                blob = git.text("hash-object", "-w", "--stdin", stdin=content.encode())
                git.text("update-index", "--add", "--cacheinfo", f"{MODE},{blob},{path}")
            return git.text("write-tree")

    def commit(self, tree: str, message: str, parents: Iterable[str]) -> str:
        """Add a commit to the branch and return it; the newest commit where that has this tree already."""
        tip = self.tip()
        if tip and self.git.text("rev-parse", f"{tip}^{{tree}}") == tree:
            return tip
        known = dict.fromkeys(filter(None, (tip, *parents)))
        options = [option for parent in known for option in ("-p", parent)]
        commit = self.git.text("commit-tree", tree, *options, stdin=message.encode())
        # Fails if somebody else has moved the branch in the meantime.
        self.git.text("update-ref", REF, commit, tip or "0" * len(commit))
        return commit

    def change(self, files: Mapping[str, str], message: str) -> str:
        """Commit a change of these files and return the commit."""
        return self.commit(self.tree(REF, files), message, ())

    def diff(self, commit: str) -> str:
        """Return a commit's changes as a diff."""
        return self.git.text("diff", f"{commit}^1", commit)

    def releases(self) -> list[str]:
        """Return the commits of the branch that changed the release, newest first."""
        return self.git.text("log", "--first-parent", "-m", "--format=%H", REF, "--", RELEASE).split()
