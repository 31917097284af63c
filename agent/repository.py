"""The bare repository on the host: commits come here, and are looked at here, before any work tree moves."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from agent import git
from agent.errors import AgentError
from agent.process import Finished

# Fetching moves more than asking does.
FETCH_FACTOR = 10
# A clone takes what branches reach, so what must survive is a branch: the commit seen last, and the two of the state.
SEEN, ATTEMPTED, APPLIED = "seen", "attempted", "applied"


@dataclass(frozen=True)
class Repository:
    """The bare repository at `path`; `limit` is how many seconds a question to the remote may take."""

    path: Path
    limit: float

    def fetch(self, url: str, branch: str) -> str:
        """Fetch the branch and return its commit; raises RemoteError."""
        done = self._fetch(self.path, url, branch)
        if done.code and not done.timed_out:
            # The repository here may be what is broken: a power cut leaves empty files and locks.
            done = self._replace(url, branch)
        git.check(done, url, self.limit * FETCH_FACTOR)
        return self.marked(SEEN)

    def _replace(self, url: str, branch: str) -> Finished:
        """Try with a new repository; where that works it takes the old one's place, else nothing has changed."""
        fresh = self.path.with_name(self.path.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)  # what an interrupted run left, if any
        done = self._fetch(fresh, url, branch)
        if done.code:
            shutil.rmtree(fresh)
            return done
        applied = self.marked(APPLIED)
        shutil.rmtree(self.path)
        fresh.rename(self.path)
        if applied and self.has(applied):
            self.mark(APPLIED, applied)
        return done

    def _fetch(self, path: Path, url: str, branch: str) -> Finished:
        # Harmless to an existing one, and it completes one whose making was interrupted.
        made = git.run("init", "--quiet", "--bare", f"--initial-branch={ATTEMPTED}", str(path), limit=self.limit)
        if made.code:
            return made
        # Tidying up is done here and now: a process that goes on in the background would be ended halfway.
        options = ["-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"]
        how = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--end-of-options"]
        what = f"+refs/heads/{branch}:refs/heads/{SEEN}"
        limit = self.limit * FETCH_FACTOR
        return git.run(f"--git-dir={path}", *options, "fetch", *how, url, what, limit=limit)

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether the commit is the ancestor or comes after it; false where one of them is not known here."""
        return self._run("merge-base", "--is-ancestor", ancestor, commit).code == 0

    def changed(self, old: str, new: str) -> list[str] | None:
        """The paths that differ between two commits, None where that cannot be told."""
        done = self._run("diff", "--name-only", "--no-renames", "-z", old, new)
        return None if done.code else [path for path in done.output.split("\0") if path]

    def mark(self, name: str, commit: str) -> None:
        """Keep a commit under a name; raises AgentError."""
        done = self._run("update-ref", f"refs/heads/{name}", commit)
        if done.code:
            raise AgentError(f"{self.path}: commit {commit[:12]} cannot be marked as {name}: {git.complaint(done)}")

    def unmark(self, name: str) -> None:
        """Forget what is kept under a name; raises AgentError."""
        done = self._run("update-ref", "-d", f"refs/heads/{name}")
        if done.code:
            raise AgentError(f"{self.path}: {name} cannot be forgotten: {git.complaint(done)}")

    def marked(self, name: str) -> str:
        """Return the commit that is kept under a name, "" where there is none."""
        done = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
        return "" if done.code else done.output.strip()

    def _run(self, *arguments: str) -> Finished:
        # Named outright, so that git does not mind whose folder it is.
        return git.run(f"--git-dir={self.path}", *arguments, limit=self.limit)
