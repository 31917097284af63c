"""Docker Engine by its command line: what fails says so in one line, and nothing waits for ever."""

import contextlib
import json
import os
import re
import select
import subprocess
import time

# For calls that do not say otherwise: none of them takes more than some seconds on a host that is well.
LIMIT_SECONDS = 100
# A client that a limit has not ended by then is killed.
KILL_AFTER_SECONDS = 5
# A pull goes on as long as bytes come; none for so long, and the registry hangs.
QUIET_SECONDS = 60
PULL_LIMIT_SECONDS = 1500
# How a container, or `timeout` together with its client, ends that was killed.
KILLED = (137, -9)
# Docker's own end of an error, which says nothing of it.
HINT = re.compile(r"(See|Run) 'docker .*")
# The first part of an image's name is a registry, and no owner on Docker's own, with one of these.
REGISTRY = re.compile(r"[.:]|^localhost$")
HUB = ("docker.io", "index.docker.io")


class DockerError(Exception):
    """What Docker said."""


class Docker:
    """Runs docker by Ansible's `run_command`."""

    def __init__(self, run_command):
        self._run_command = run_command

    def run(self, *arguments, timeout=LIMIT_SECONDS):
        """Return what docker prints; raises DockerError, also where it takes longer than `timeout` seconds."""
        started = time.monotonic()
        code, out, err = self._call(arguments, timeout)
        late = time.monotonic() - started >= timeout
        if code == 124 or (code in KILLED and late):
            raise DockerError(f"docker {arguments[0]} took longer than {timeout} s")
        if code in KILLED:
            raise DockerError(f"docker {arguments[0]}: was killed, perhaps because it took more memory than it may")
        if code:
            raise DockerError(f"docker {arguments[0]}: {last_line(err) or f'ended with code {code}'}")
        return out

    def inspect(self, kind, name):
        """Return what there is to know of a container or an image, None where there is none of the name."""
        code, out, err = self._call((kind, "inspect", name), LIMIT_SECONDS)
        if code and "no such" not in err.lower():
            raise DockerError(f"docker {kind} inspect: {last_line(err) or f'ended with code {code}'}")
        return None if code else json.loads(out)[0]

    def has_image(self, image):
        """Whether the image is here."""
        return self.inspect("image", image) is not None

    def pull(self, image, quiet_seconds=QUIET_SECONDS):
        """Pull an image; raises DockerError, also where the registry sends nothing for so long."""
        # Docker tells a terminal, and nothing else, how many bytes have come.
        terminal, its_end = os.openpty()
        command = [*limited(PULL_LIMIT_SECONDS), "docker", "pull", image]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": its_end, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, **pipes) as process:  # noqa: S603  # no shell, and the schema checked the image
            os.close(its_end)
            try:
                still = follow(terminal, quiet_seconds)
                if not still:
                    process.terminate()
                err = process.stderr.read().decode(errors="replace")
            finally:
                os.close(terminal)
        if not still:
            raise DockerError(f"docker pull: the registry of {image} has sent nothing for {quiet_seconds} s")
        if process.returncode == 124:
            raise DockerError(f"docker pull took longer than {PULL_LIMIT_SECONDS} s")
        if process.returncode:
            raise DockerError(f"docker pull: {last_line(err) or f'ended with code {process.returncode}'}")

    def remove(self, container, *options):
        """Remove a container if there is one, running or not; return whether."""
        if self.inspect("container", container) is None:
            return False
        self.run("rm", "--force", *options, container)
        return True

    def complaint(self, container):
        """Return the last thing that a container said of itself, as a sentence."""
        _, out, err = self._call(("logs", "--tail", "20", container), LIMIT_SECONDS)
        return said(err) or said(out) or "it said nothing"

    def _call(self, arguments, timeout):
        return self._run_command([*limited(timeout), "docker", *arguments])


def limited(seconds):
    """Return what a command begins with that is ended after so long."""
    return ["timeout", f"--kill-after={KILL_AFTER_SECONDS}", str(seconds)]


def follow(terminal, quiet_seconds):
    """Return True when whoever writes to a terminal has closed it, False when nothing came for so long."""
    while select.select([terminal], [], [], quiet_seconds)[0]:
        with contextlib.suppress(OSError):  # how the end of a terminal shows
            if os.read(terminal, 65536):
                continue
        return True
    return False


def engine_answers(module):
    """Whether there is an engine: where a fresh host is only checked, the role docker has not started one."""
    return bool(module.get_bin_path("docker")) and module.run_command([*limited(10), "docker", "version"])[0] == 0


def runs(container):
    """Whether a container, as Docker describes it, runs: a paused one counts as running there, and answers nobody."""
    return container["State"]["Running"] and not container["State"].get("Paused")


def have_image(docker, image):
    """Pull the image where it is not here; raises DockerError."""
    if not docker.has_image(image):
        docker.pull(image)


def canonical(image):
    """Return the one name of an image by digest: Docker itself drops a tag beside a digest, and its own registry."""
    name, _, digest = image.partition("@")
    *folders, last = name.split("/")
    parts = [*folders, last.partition(":")[0]]
    if len(parts) == 1 or not REGISTRY.search(parts[0]):
        parts.insert(0, HUB[0])
    if parts[0] in HUB:
        # What has no owner there is the library's.
        parts[:1] = [HUB[0]] if len(parts) > 2 else [HUB[0], "library"]
    return f"{'/'.join(parts)}@{digest}"


def last_line(text):
    """Return the last line that holds anything."""
    lines = (line.strip() for line in reversed(text.splitlines()))
    return next((line for line in lines if line and not HINT.fullmatch(line)), "")


def said(log):
    """Return the last message of a log whose lines are JSON or plain."""
    line = last_line(log)
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    return str(entry.get("message", line)) if isinstance(entry, dict) else line
