"""A container that runs for good: as it is described, and answering."""

import datetime
import hashlib
import json
import os
import time
import urllib.error
import urllib.request

from ansible.module_utils.slipway_docker import have_image, runs

LABEL = "slipway.described"
LOOKS_EVERY_SECONDS = 0.1
ANSWERS_WITHIN_SECONDS = 5
# One that has had its time to start, and answers nothing for so long, is replaced.
STUCK_SECONDS = 15


class ServiceError(Exception):
    """Why it does not answer, as a sentence."""


class Service:
    """What is to run: `given` is what the module `slipway_container` takes."""

    def __init__(self, given, docker):
        self.given = given
        self.docker = docker
        self.name = given["name"]

    def described(self):
        """Return the name of exactly this description: a container that bears it needs no replacing."""
        description = [self.given[key] for key in ("image", "options", "command")]
        return hashlib.sha256(json.dumps(description).encode()).hexdigest()

    def lacks(self):
        """Return why the container cannot stay as it is, empty where it can."""
        found = self.docker.inspect("container", self.name)
        if not found:
            return "is not there"
        if found["Config"]["Labels"].get(LABEL) != self.described():
            return "was described otherwise"
        if not runs(found):
            return "does not run"
        newer = [
            path for path in self.given["reads"] if not os.path.isfile(path) or os.path.getmtime(path) > began(found)
        ]
        return f"started before {newer[0]} was written" if newer else ""

    def stuck(self):
        """Return why one that runs does not answer, empty where it does; one that just started gets its time."""
        found = self.docker.inspect("container", self.name)
        if not found:
            return "is not there"
        rest = self.given["seconds"] - (time.time() - began(found))
        try:
            self.await_answer(max(STUCK_SECONDS, rest), found["RestartCount"])
        except ServiceError as error:
            return str(error)
        return ""

    def replace(self):
        """Run it anew, and return the image of the old one where that is another, else None.

        Raises DockerError or ServiceError, and leaves the old one running, where something that it needs is missing.
        """
        for path in self.given["reads"]:
            if not os.path.isfile(path):
                raise ServiceError(f"{self.name}: {path} is missing or no file, and the container reads it")
        have_image(self.docker, self.given["image"])
        found = self.docker.inspect("container", self.name)
        self.remove()
        own = ["--name", self.name, "--label", f"{LABEL}={self.described()}", "--restart", "unless-stopped"]
        self.docker.run("run", "--detach", *own, *self.given["options"], self.given["image"], *self.given["command"])
        image = found and found["Image"]
        return image if image and image != self.docker.inspect("image", self.given["image"])["Id"] else None

    def is_there(self):
        """Whether there is a container of the name."""
        return self.docker.inspect("container", self.name) is not None

    def remove(self):
        """Remove it if it is there; return whether. What it has under way gets the time to end."""
        found = self.docker.inspect("container", self.name)
        if found and runs(found):
            self.docker.run("stop", self.name)
        return self.docker.remove(self.name, "--volumes")

    def await_answer(self, seconds=None, restarts=0):
        """Return when it answers; raises ServiceError where it ends, starts over and over, or takes too long.

        `restarts` is how often Docker has started it again so far.
        """
        limit = self.given["seconds"] if seconds is None else seconds
        deadline = time.monotonic() + limit
        while not answers(self.given["url"]):
            found = self.docker.inspect("container", self.name)
            if not found or not found["State"]["Running"] or found["RestartCount"] > restarts:
                raise ServiceError(f"{self.name}: its container ended: {self.docker.complaint(self.name)}")
            if time.monotonic() > deadline:
                late = f"no answer at {self.given['url']} within {limit:.0f} s"
                raise ServiceError(f"{self.name}: {late}: {self.docker.complaint(self.name)}")
            time.sleep(LOOKS_EVERY_SECONDS)


def began(found):
    """Return when a container started, as a timestamp."""
    return datetime.datetime.fromisoformat(found["State"]["StartedAt"]).timestamp()


def answers(url):
    """Whether a GET is answered with success."""
    # No proxy of the environment's: this is about a port of the host's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWERS_WITHIN_SECONDS):
            return True
    except OSError:
        return False
