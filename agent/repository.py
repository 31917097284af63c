"""The bare repository on the host. Commits are fetched into it and checked in it before the work tree changes."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent import git
from agent.errors import AgentError, DamagedError
from agent.process import Finished

# A fetch may take so many times as long as a question to the remote.
FETCH_FACTOR = 10
# A clone takes only what branches reach, so each commit that is needed is a branch: the last one seen, and the two of
# the state.
SEEN, ATTEMPTED, APPLIED = "seen", "attempted", "applied"
SEEN_REF = f"refs/heads/{SEEN}"
# By default git does not wait for the disk: after a power cut, objects can be empty, and git never fetches them again.
DURABLE = ("-c", "core.fsync=all")


@dataclass(frozen=True)
class Repository:
    """The bare repository at `path`; a question to the remote may take `limit` seconds."""

    path: Path
    limit: float

    def fetch(self, url: str, branch: str) -> str:
        """Fetch the branch and return its commit; raises RemoteError, or DamagedError if this repository is damaged."""
        self._tidy()
        done = self._fetch(self.path, url, branch)
        if not done.timed_out and (done.code or not self.has(SEEN_REF)):
            self._require_whole()
        git.check(done, url, self.limit * FETCH_FACTOR)
        return self.marked(SEEN)

    def rebuild(self, url: str, branch: str, marks: Mapping[str, str]) -> None:
        """Fetch the branch into a new repository, and replace this one by it; raises RemoteError.

        `marks` are the commits to keep, by name. One that the branch no longer has is copied from here if possible.
        """
        fresh = Repository(self._fresh, self.limit)
        _remove(fresh.path)
        done = fresh._fetch(fresh.path, url, branch)
        if done.code:
            _remove(fresh.path)
        git.check(done, url, self.limit * FETCH_FACTOR)
        for name, commit in marks.items():
            if commit and not fresh.has(commit):
                fresh._fetch(fresh.path, str(self.path), name, name)
            if commit and fresh.has(commit):
                fresh.mark(name, commit)
        _remove(self.path)
        fresh.path.rename(self.path)

    def is_whole(self) -> bool:
        """Whether git finds no damage."""
        return self._run("fsck", "--no-dangling", "--no-progress").code == 0

    def _require_whole(self) -> None:
        if not self.is_whole():
            raise DamagedError(f"{self.path}: the repository is damaged")

    def _tidy(self) -> None:
        """Remove the locks and files of a killed git. The agent holds its own lock, so no other git works here."""
        for name in ("*.lock", "tmp_*"):
            for path in self.path.rglob(name):
                path.unlink(missing_ok=True)
        _remove(self._fresh)

    @property
    def _fresh(self) -> Path:
        return self.path.with_name(self.path.name + ".new")

    def _fetch(self, path: Path, url: str, branch: str, name: str = SEEN) -> Finished:
        # This is harmless for an existing repository, and completes one whose creation was interrupted.
        made = git.run("init", "--quiet", "--bare", f"--initial-branch={ATTEMPTED}", str(path), limit=self.limit)
        if made.code:
            return made
        # git tidies up in the foreground: the agent would end a background process halfway.
        options = [*DURABLE, "-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"]
        flags = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--end-of-options"]
        refspec = f"+refs/heads/{branch}:refs/heads/{name}"
        limit = self.limit * FETCH_FACTOR
        return git.run(f"--git-dir={path}", *options, "fetch", *flags, url, refspec, limit=limit)

    def has(self, commit: str) -> bool:
        """Whether the repository has the commit."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether the commit is the ancestor or descends from it; false if the repository lacks one of them."""
        done = self._run("merge-base", "--is-ancestor", ancestor, commit)
        if done.code not in (0, 1):
            self._require_whole()
        return done.code == 0

    def changed(self, old: str, new: str) -> list[str] | None:
        """Return the paths that differ between two commits, None if git cannot tell."""
        done = self._run("diff", "--name-only", "--no-renames", "-z", old, new)
        return None if done.code else [path for path in done.output.split("\0") if path]

    def mark(self, name: str, commit: str) -> None:
        """Keep a commit as the branch `name`; raises AgentError."""
        self._tidy()
        done = self._run("update-ref", f"refs/heads/{name}", commit)
        if done.code:
            self._require_whole()
            raise AgentError(f"{self.path}: commit {commit[:12]} cannot be recorded as {name}: {git.complaint(done)}")

    def unmark(self, name: str) -> None:
        """Remove the branch `name`; raises AgentError."""
        self._tidy()
        done = self._run("update-ref", "-d", f"refs/heads/{name}")
        if done.code:
            self._require_whole()
            raise AgentError(f"{self.path}: {name} cannot be removed: {git.complaint(done)}")

    def marked(self, name: str) -> str:
        """Return the commit of the branch `name`, even if it cannot be read; "" if there is none."""
        done = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
        return "" if done.code else done.output.strip()

    def _run(self, *arguments: str) -> Finished:
        # With --git-dir, git does not check the owner of the folder.
        return git.run(f"--git-dir={self.path}", *DURABLE, *arguments, limit=self.limit)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
