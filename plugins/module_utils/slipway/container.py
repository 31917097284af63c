"""A container that runs for good: it is replaced only if its description changed or it does not answer."""

import datetime
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from .docker import Docker, Inspection, is_running

LABEL = "slipway.described"
ANSWER_SECONDS = 5
# A container that had its time to start is replaced if it then gives no answer for so long.
STUCK_SECONDS = 15


class ContainerError(Exception):
    """The reason why a container does not run or does not answer."""


class Container:
    """A container; `settings` are the options of the module `slipway_container`."""

    def __init__(self, settings: dict[str, Any], docker: Docker) -> None:
        self.settings = settings
        self.docker = docker
        self.name: str = settings["name"]

    def label(self) -> str:
        """Return a digest of the description: a container with this label need not be replaced."""
        description = [self.settings[key] for key in ("image", "options", "command")]
        return hashlib.sha256(json.dumps(description).encode()).hexdigest()

    def outdated(self) -> str:
        """Return why the container has to be replaced, as far as Docker can tell; "" if it can stay."""
        found = self.inspect()
        if not found:
            return "there is no such container"
        if found["Config"]["Labels"].get(LABEL) != self.label():
            return "its description changed"
        if not is_running(found):
            return "it is not running"
        for path in self.settings["reads"]:
            if not os.path.isfile(path) or os.path.getmtime(path) > started_at(found):
                return f"it started before {path} was written"
        return ""

    def stuck(self) -> str:
        """Return why a running container does not answer, "" if it does; one that just started gets its time."""
        found = self.inspect()
        if not found:
            return "there is no such container"
        rest = self.settings["seconds"] - (time.time() - started_at(found))
        try:
            self.await_answer(max(STUCK_SECONDS, rest), found["RestartCount"])
        except ContainerError as error:
            return str(error)
        return ""

    def replace(self) -> str | None:
        """Start the container anew; return the image of the old one if it ran another, else None.

        Raises DockerError or ContainerError, and leaves the old one running, if the image or a file is missing.
        """
        for path in self.settings["reads"]:
            if not os.path.isfile(path):
                raise ContainerError(f"{self.name}: {path} is missing or not a file; the container reads it")
        self.docker.require_image(self.settings["image"])
        found = self.inspect()
        self.remove()
        self._start()
        old: str | None = found["Image"] if found else None
        new = self.docker.inspect("image", self.settings["image"])
        return old if new is None or old != new["Id"] else None

    def _start(self) -> None:
        own = ["--name", self.name, "--label", f"{LABEL}={self.label()}", "--restart", "unless-stopped"]
        command = [self.settings["image"], *self.settings["command"]]
        self.docker.run("run", "--detach", *own, *self.settings["options"], *command)

    def inspect(self) -> Inspection | None:
        """Return what Docker knows about the container, None if there is none."""
        return self.docker.inspect("container", self.name)

    def remove(self) -> bool:
        """Stop and remove the container; return whether there was one."""
        found = self.inspect()
        if found and is_running(found):
            self.docker.run("stop", self.name)
        return self.docker.remove(self.name, "--volumes")

    def await_answer(self, seconds: float | None = None, restarts: int = 0) -> None:
        """Wait until the container answers; raises ContainerError if it ends, keeps restarting, or takes too long.

        `restarts` is how often Docker has restarted it so far.
        """
        limit = self.settings["seconds"] if seconds is None else seconds
        url = self.settings["url"]
        late = f"no answer at {url} within {limit:.0f} s"
        if reason := self.docker.await_container(self.name, lambda: answers(url), limit, late, restarts):
            raise ContainerError(f"{self.name}: {reason}")


def started_at(found: Inspection) -> float:
    """Return when a container started, in seconds since 1970."""
    return datetime.datetime.fromisoformat(found["State"]["StartedAt"]).timestamp()


def answers(url: str) -> bool:
    """Whether a GET succeeds."""
    # Without the proxy of the environment: the port is this host's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_SECONDS):
            return True
    except OSError:
        return False
