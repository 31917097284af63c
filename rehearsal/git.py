"""git, kept apart from the person's own settings, hooks and index."""

import os
import subprocess
from pathlib import Path

from workstation.errors import CommandError

# Commits of a rehearsal are nobody's work.
WHO = {"NAME": "Slipway rehearsal", "EMAIL": "rehearsal@localhost"}
# The checkout may belong to another user than the one that rehearses, as root does for a person.
SAFE = ("-c", "safe.directory=*")


class Git:
    """A repository, and the files beside it if there are any."""

    def __init__(self, *location: str, index: Path | None = None) -> None:
        """`location` says where it is, in git's own options."""
        self._command = ["git", *SAFE, *location]
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        for role in ("AUTHOR", "COMMITTER"):
            self._environment |= {f"GIT_{role}_{key}": value for key, value in WHO.items()}
        if index:
            self._environment["GIT_INDEX_FILE"] = str(index)

    def raw(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Return what git prints; raises CommandError with its complaint."""
        done = self._run(arguments, stdin)
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())
            raise CommandError(f"git {arguments[0]} ended with code {done.returncode}: {said}")
        return done.stdout

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """Return it as text, without the last line's end."""
        return self.raw(*arguments, stdin=stdin).decode().removesuffix("\n")

    def succeeds(self, *arguments: str) -> bool:
        """Whether git does this without an error."""
        return self._run(arguments, b"").returncode == 0

    def commit(self, name: str) -> str:
        """Return the commit that a name stands for, "" where there is none."""
        done = self._run(("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), b"")
        return done.stdout.decode().strip()

    def _run(self, arguments: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [*self._command, *arguments]
        return subprocess.run(command, check=False, input=stdin, capture_output=True, env=self._environment)
