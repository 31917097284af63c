"""A remote repository to follow: bare, real git, in a temporary folder."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "A. Person",
    "GIT_AUTHOR_EMAIL": "person@example.com",
    "GIT_COMMITTER_NAME": "A. Person",
    "GIT_COMMITTER_EMAIL": "person@example.com",
    # Nothing of the machine's own configuration.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it printed."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, env=os.environ | IDENTITY, capture_output=True, text=True).stdout.strip()


class Remote:
    """A bare repository with the branch `prod`, and a clone to commit from."""

    def __init__(self, folder: Path) -> None:
        self.url = folder / "remote.git"
        self._clone = folder / "clone"
        folder.mkdir()
        git(folder, "init", "--quiet", "--bare", "--initial-branch=prod", str(self.url))
        git(folder, "init", "--quiet", "--initial-branch=prod", str(self._clone))

    def commit(self, files: Mapping[str, str | None], branch: str = "prod") -> str:
        """Write files (None removes one), commit and push them; return the commit."""
        for name, text in files.items():
            path = self._clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        git(self._clone, "add", "--all")
        git(self._clone, "commit", "--quiet", "--allow-empty", "--message", "Change something")
        return self._push(branch)

    def rewind(self, commit: str, branch: str = "prod") -> None:
        """Set the branch back to an earlier commit."""
        git(self._clone, "reset", "--quiet", "--hard", commit)
        self._push(branch)

    def orphan(self) -> None:
        """Have the next commit begin a history of its own."""
        git(self._clone, "checkout", "--quiet", "--orphan", "another")

    def _push(self, branch: str) -> str:
        git(self._clone, "push", "--quiet", "--force", str(self.url), f"HEAD:refs/heads/{branch}")
        return git(self._clone, "rev-parse", "HEAD")
