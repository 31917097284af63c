"""Docker's command line."""

import json
import subprocess
from typing import Any

from workstation.errors import CommandError

# What docker prints where an object does not exist.
MISSING = ("No such", "not found")


def docker(*arguments: str, stdin: bytes | None = None) -> str:
    """Return what docker prints; raises CommandError with its error message."""
    done = subprocess.run(["docker", *arguments], check=False, input=stdin, capture_output=True)
    if done.returncode:
        message = " ".join(done.stderr.decode(errors="replace").split())
        raise CommandError(f"docker {arguments[0]} ended with exit code {done.returncode}: {message}")
    return done.stdout.decode(errors="replace").strip()


def succeeds(*arguments: str) -> bool:
    """Whether docker does this without an error."""
    return subprocess.run(["docker", *arguments], check=False, capture_output=True).returncode == 0


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """Return what the engine knows about an image, container, network or volume; None if it does not exist."""
    done = subprocess.run(["docker", kind, "inspect", name], check=False, capture_output=True, text=True)
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found
    if any(word in done.stderr for word in MISSING):
        return None
    raise CommandError(f"docker {kind} inspect {name}: {' '.join(done.stderr.split())}")


def is_running(name: str) -> bool:
    """Whether a container of that name exists and runs."""
    found = inspect("container", name)
    return bool(found and found["State"]["Running"])
