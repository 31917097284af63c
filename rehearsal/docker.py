"""Docker's command line."""

import json
import subprocess
from typing import Any

from rehearsal.errors import Trouble

# In what docker says where a thing is not there.
ABSENT = ("No such", "not found")


def docker(*arguments: str, stdin: bytes | None = None) -> str:
    """Return what docker prints; raises Trouble with its complaint."""
    done = subprocess.run(["docker", *arguments], check=False, input=stdin, capture_output=True)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise Trouble(f"docker {arguments[0]} ended with code {done.returncode}: {said}")
    return done.stdout.decode(errors="replace").strip()


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """Return what the engine knows of an image, container, network or volume; None where there is no such thing."""
    done = subprocess.run(["docker", kind, "inspect", name], check=False, capture_output=True, text=True)
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found
    if any(word in done.stderr for word in ABSENT):
        return None
    raise Trouble(f"docker {kind} inspect {name}: {' '.join(done.stderr.split())}")


def is_running(name: str) -> bool:
    """Whether there is a container of that name that runs."""
    found = inspect("container", name)
    return bool(found and found["State"]["Running"])
