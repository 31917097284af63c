"""Docker Engine through its command line. Every call has a time limit, and every error is one line.

`containers/` has a command line of its own. This one runs on hosts, inside Ansible's modules: it may use nothing but
the standard library and Ansible's `run_command`, and Ansible copies only what `plugins/` holds.
"""

import contextlib
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Callable
from typing import Any

RunCommand = Callable[[list[str]], tuple[int, str, str]]
# What `docker inspect` returns for one container or image.
Inspection = dict[str, Any]

# For calls that set no limit of their own: on a healthy host none takes more than a few seconds.
LIMIT_SECONDS = 100
# A client that ignores SIGTERM at its limit is killed after so long.
KILL_AFTER_SECONDS = 5
# A pull may take long as long as bytes come; after so many seconds without any, the registry counts as hanging.
QUIET_SECONDS = 60
PULL_LIMIT_SECONDS = 1500
# Between two questions to a container that does not answer yet.
POLL_SECONDS = 0.05
# Exit codes of a container, or of `timeout` with its client, that was killed.
KILLED = (137, -9)
# Docker ends many errors with a hint that says nothing about the error.
HINT = re.compile(r"(See|Run) 'docker .*")
# The first part of an image's name is a registry, not an owner on Docker Hub, if it contains one of these.
REGISTRY = re.compile(r"[.:]|^localhost$")
HUB = ("docker.io", "index.docker.io")


class DockerError(Exception):
    """A call of Docker failed; the message is the reason that Docker gave."""


class Docker:
    """Runs docker through Ansible's `run_command`."""

    def __init__(self, run_command: RunCommand) -> None:
        self._run_command = run_command

    def run(self, *arguments: str, timeout: int = LIMIT_SECONDS) -> str:
        """Return what docker prints; raises DockerError if it fails or takes longer than `timeout` seconds."""
        started = time.monotonic()
        code, out, err = self._call(arguments, timeout)
        late = time.monotonic() - started >= timeout
        if code == 124 or (code in KILLED and late):
            raise DockerError(f"docker {arguments[0]} took longer than {timeout} s")
        if code in KILLED:
            raise DockerError(f"docker {arguments[0]} was killed, perhaps because it exceeded its memory limit")
        if code:
            raise DockerError(f"docker {arguments[0]}: {last_line(err) or f'exit code {code}'}")
        return out

    def inspect(self, kind: str, name: str) -> Inspection | None:
        """Return what Docker knows about a container or an image, None if there is none of that name."""
        code, out, err = self._call((kind, "inspect", name), LIMIT_SECONDS)
        if code and "no such" not in err.lower():
            raise DockerError(f"docker {kind} inspect: {last_line(err) or f'exit code {code}'}")
        if code:
            return None
        found: Inspection = json.loads(out)[0]
        return found

    def has_image(self, image: str) -> bool:
        """Whether the image is on this host."""
        return self.inspect("image", image) is not None

    def pull(self, image: str, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Pull an image; raises DockerError if that fails or the registry sends nothing for `quiet_seconds`."""
        # Docker reports how many bytes have come to a terminal only.
        terminal, its_end = os.openpty()
        command = [*limited(PULL_LIMIT_SECONDS), "docker", "pull", image]
        with subprocess.Popen(  # noqa: S603  # no shell, and the schema checked the image
            command, stdin=subprocess.DEVNULL, stdout=its_end, stderr=subprocess.PIPE
        ) as process:
            os.close(its_end)
            try:
                finished = follow(terminal, quiet_seconds)
                if not finished:
                    process.terminate()
                err = process.stderr.read().decode(errors="replace") if process.stderr else ""
            finally:
                os.close(terminal)
        if not finished:
            raise DockerError(f"docker pull: the registry of {image} has sent nothing for {quiet_seconds} s")
        if process.returncode == 124:
            raise DockerError(f"docker pull took longer than {PULL_LIMIT_SECONDS} s")
        if process.returncode:
            raise DockerError(f"docker pull: {last_line(err) or f'exit code {process.returncode}'}")

    def require_image(self, image: str) -> None:
        """Pull the image unless it is here; raises DockerError."""
        if not self.has_image(image):
            self.pull(image)

    def remove(self, container: str, *options: str) -> bool:
        """Remove a container, running or not; return whether there was one."""
        if self.inspect("container", container) is None:
            return False
        self.run("rm", "--force", *options, container)
        return True

    def await_container(
        self, container: str, answers: Callable[[], bool], seconds: float, late: str, restarts: int
    ) -> str:
        """Wait until a container answers; return "", or why it ended, kept restarting, or took too long.

        `late` is the reason after so many seconds; `restarts` is how often Docker has restarted it so far.
        """
        deadline = time.monotonic() + seconds
        while not answers():
            found = self.inspect("container", container)
            if not found or not found["State"]["Running"] or found["RestartCount"] > restarts:
                return f"its container ended: {self.last_message(container)}"
            if time.monotonic() > deadline:
                return f"{late}: {self.last_message(container)}"
            time.sleep(POLL_SECONDS)
        return ""

    def last_message(self, container: str) -> str:
        """Return the last message in a container's log."""
        _, out, err = self._call(("logs", "--tail", "20", container), LIMIT_SECONDS)
        return last_message(err) or last_message(out) or "its log is empty"

    def _call(self, arguments: tuple[str, ...], timeout: int) -> tuple[int, str, str]:
        return self._run_command([*limited(timeout), "docker", *arguments])


def limited(seconds: int) -> list[str]:
    """Return the start of a command line that ends the rest of it after so many seconds."""
    return ["timeout", f"--kill-after={KILL_AFTER_SECONDS}", str(seconds)]


def follow(terminal: int, quiet_seconds: float) -> bool:
    """Return True once the other end of a terminal is closed, False if nothing comes from it for so long."""
    while select.select([terminal], [], [], quiet_seconds)[0]:
        with contextlib.suppress(OSError):  # Linux reports the end of a terminal as an error
            if os.read(terminal, 65536):
                continue
        return True
    return False


def engine_answers(module: Any) -> bool:
    """Whether Docker Engine runs; on a fresh host in check mode the docker role has not installed it."""
    return bool(module.get_bin_path("docker")) and module.run_command([*limited(10), "docker", "version"])[0] == 0


def is_running(container: Inspection) -> bool:
    """Whether an inspected container runs and can answer: Docker calls a paused one running too."""
    return bool(container["State"]["Running"]) and not container["State"].get("Paused")


def canonical(image: str) -> str:
    """Return the one name of an image by digest: Docker drops the tag beside a digest, and Docker Hub's host."""
    name, _, digest = image.partition("@")
    *folders, last = name.split("/")
    parts = [*folders, last.partition(":")[0]]
    if len(parts) == 1 or not REGISTRY.search(parts[0]):
        parts.insert(0, HUB[0])
    if parts[0] in HUB:
        # An image without an owner belongs to `library`.
        parts[:1] = [HUB[0]] if len(parts) > 2 else [HUB[0], "library"]
    return f"{'/'.join(parts)}@{digest}"


def last_line(text: str) -> str:
    """Return the last line that is neither empty nor one of Docker's hints."""
    lines = (line.strip() for line in reversed(text.splitlines()))
    return next((line for line in lines if line and not HINT.fullmatch(line)), "")


def last_message(log: str) -> str:
    """Return the last message of a log whose lines are JSON or plain text."""
    line = last_line(log)
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    return str(entry.get("message", line)) if isinstance(entry, dict) else line
