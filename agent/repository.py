"""The bare repository on the host: commits come here, and are looked at here, before any work tree moves."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent import git
from agent.errors import AgentError, DamagedError
from agent.process import Finished

# Fetching moves more than asking does.
FETCH_FACTOR = 10
# A clone takes what branches reach, so what must survive is a branch: the commit seen last, and the two of the state.
SEEN, ATTEMPTED, APPLIED = "seen", "attempted", "applied"
SEEN_REF = f"refs/heads/{SEEN}"
# By itself git leaves objects to the kernel: after a power cut they are empty, and nothing ever fetches them again.
DURABLE = ("-c", "core.fsync=all")


@dataclass(frozen=True)
class Repository:
    """The bare repository at `path`; `limit` is how many seconds a question to the remote may take."""

    path: Path
    limit: float

    def fetch(self, url: str, branch: str) -> str:
        """Fetch the branch and return its commit; raises RemoteError, or DamagedError for a fault of its own."""
        self._tidy()
        done = self._fetch(self.path, url, branch)
        if not done.timed_out and (done.code or not self.has(SEEN_REF)):
            self._require_whole()
        git.check(done, url, self.limit * FETCH_FACTOR)
        return self.marked(SEEN)

    def rebuild(self, url: str, branch: str, marks: Mapping[str, str]) -> None:
        """Fetch the branch into a new repository that then takes this one's place; raises RemoteError.

        `marks` are the commits to keep, by their names: one that the branch has lost is taken from here if it can be.
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
        """Whether git finds nothing wrong with the repository."""
        return self._run("fsck", "--no-dangling", "--no-progress").code == 0

    def _require_whole(self) -> None:
        if not self.is_whole():
            raise DamagedError(f"{self.path}: git finds it damaged")

    def _tidy(self) -> None:
        """Remove what a git that was killed has left: nobody else works here while the agent has its lock."""
        for name in ("*.lock", "tmp_*"):
            for path in self.path.rglob(name):
                path.unlink(missing_ok=True)
        _remove(self._fresh)

    @property
    def _fresh(self) -> Path:
        return self.path.with_name(self.path.name + ".new")

    def _fetch(self, path: Path, url: str, branch: str, name: str = SEEN) -> Finished:
        # Harmless to an existing one, and it completes one whose making was interrupted.
        made = git.run("init", "--quiet", "--bare", f"--initial-branch={ATTEMPTED}", str(path), limit=self.limit)
        if made.code:
            return made
        # Tidying up is done here and now: a process that goes on in the background would be ended halfway.
        options = [*DURABLE, "-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"]
        how = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--end-of-options"]
        what = f"+refs/heads/{branch}:refs/heads/{name}"
        limit = self.limit * FETCH_FACTOR
        return git.run(f"--git-dir={path}", *options, "fetch", *how, url, what, limit=limit)

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether the commit is the ancestor or comes after it; false where one of them is not known here."""
        done = self._run("merge-base", "--is-ancestor", ancestor, commit)
        if done.code not in (0, 1):
            self._require_whole()
        return done.code == 0

    def changed(self, old: str, new: str) -> list[str] | None:
        """The paths that differ between two commits, None where that cannot be told."""
        done = self._run("diff", "--name-only", "--no-renames", "-z", old, new)
        return None if done.code else [path for path in done.output.split("\0") if path]

    def mark(self, name: str, commit: str) -> None:
        """Keep a commit under a name; raises AgentError."""
        self._tidy()
        done = self._run("update-ref", f"refs/heads/{name}", commit)
        if done.code:
            self._require_whole()
            raise AgentError(f"{self.path}: commit {commit[:12]} cannot be marked as {name}: {git.complaint(done)}")

    def unmark(self, name: str) -> None:
        """Forget what is kept under a name; raises AgentError."""
        self._tidy()
        done = self._run("update-ref", "-d", f"refs/heads/{name}")
        if done.code:
            self._require_whole()
            raise AgentError(f"{self.path}: {name} cannot be forgotten: {git.complaint(done)}")

    def marked(self, name: str) -> str:
        """Return the commit that is kept under a name, also where it cannot be read; "" where there is none."""
        done = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
        return "" if done.code else done.output.strip()

    def _run(self, *arguments: str) -> Finished:
        # Named outright, so that git does not mind whose folder it is.
        return git.run(f"--git-dir={self.path}", *DURABLE, *arguments, limit=self.limit)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
