"""git, independent of the user's own settings, hooks and index."""

import os
import subprocess
from pathlib import Path

from workstation.errors import CommandError

# The author of a rehearsal's commits.
AUTHOR = {"NAME": "Slipway rehearsal", "EMAIL": "rehearsal@localhost"}
# The checkout may belong to another user, as when root runs the rehearsal.
SAFE = ("-c", "safe.directory=*")


class Git:
    """A repository, and its work tree if it has one."""

    def __init__(self, *location: str, index: Path | None = None) -> None:
        """`location` are git's own options for where it is, `index` is the file to use as its index."""
        self._command = ["git", *SAFE, *location]
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        for role in ("AUTHOR", "COMMITTER"):
            self._environment |= {f"GIT_{role}_{key}": value for key, value in AUTHOR.items()}
        if index:
            self._environment["GIT_INDEX_FILE"] = str(index)

    def raw(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Return what git prints; raises CommandError with its error message."""
        done = self._run(arguments, stdin)
        if done.returncode:
            message = " ".join(done.stderr.decode(errors="replace").split())
            raise CommandError(f"git {arguments[0]} ended with exit code {done.returncode}: {message}")
        return done.stdout

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """Return what git prints as text, without the last line break."""
        return self.raw(*arguments, stdin=stdin).decode().removesuffix("\n")

    def succeeds(self, *arguments: str) -> bool:
        """Whether git does this without an error."""
        return self._run(arguments, b"").returncode == 0

    def commit(self, name: str) -> str:
        """Return the commit of a name, "" where there is none."""
        done = self._run(("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), b"")
        return done.stdout.decode().strip()

    def _run(self, arguments: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [*self._command, *arguments]
        return subprocess.run(command, check=False, input=stdin, capture_output=True, env=self._environment)
