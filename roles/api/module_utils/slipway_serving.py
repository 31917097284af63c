"""One release on one host: the way from its image and its bundles to a container that is proved and serves."""

import contextlib
import grp
import hashlib
import json
import math
import os
import re
import time

from ansible.module_utils.slipway_colours import COLOURS, SOCKET, Colours
from ansible.module_utils.slipway_docker import DockerError, have_image, runs
from ansible.module_utils.slipway_server import ServerError, is_ready, prove

# In the container: where the colour's folder is, and where its image looks for <name>/<version>.
SOCKETS, MODELS = "/run/slipway", "/models"
RELEASE = "slipway.release"
LOOKS_EVERY_SECONDS = 0.05
# What a container gets to end beyond what its server takes to drain.
STOP_MARGIN_SECONDS = 5


def version(model):
    """Return what a model's version is called: the number that models:/name/7 ends with, else how its digest begins."""
    number = re.fullmatch(r"models:/[^/]+/([0-9]+)", model["uri"])
    return number[1] if number else model["sha256"][:12]


class ReleaseError(Exception):
    """Why the release does not serve, as a sentence."""


class Release:
    """What is to be served, and the way there."""

    def __init__(self, given, docker):
        self.given = given
        self.docker = docker
        self.colours = Colours(docker, given["folder"])
        self.models = {name: model | {"version": version(model)} for name, model in sorted(given["models"].items())}
        self.seconds = {}

    def document(self):
        """Return what is served, for the record."""
        return {"image": self.given["image"], "default_model": self.given["default_model"], "models": self.models}

    def options(self):
        """Return what `docker run` is told of this release, whatever its colour."""
        environment = {
            "SLIPWAY_SOCKET": f"{SOCKETS}/{SOCKET}",
            "SLIPWAY_DEFAULT_MODEL": self.given["default_model"],
            "SLIPWAY_IMAGE": self.given["image"],
            "SLIPWAY_DRAIN_SECONDS": str(self.given["drain_seconds"]),
        }
        own = [f"--env={key}={value}" for key, value in environment.items()]
        # No --volume: of a folder that is missing it makes an empty one.
        mounts = [
            f"--mount=type=bind,source={self.bundle(model)},target={MODELS}/{name}/{model['version']},readonly"
            for name, model in self.models.items()
        ]
        return [*self.given["options"], *own, *mounts]

    def bundle(self, model):
        """Return where a model's bundle is."""
        return os.path.join(self.given["bundles"], model["sha256"])

    def name(self):
        """Return the name of exactly this release: a container that bears it needs no replacing."""
        return hashlib.sha256(json.dumps([self.given["image"], self.options()]).encode()).hexdigest()

    def serves(self):
        """Whether the live container is this release and gives the golden answers; one that just starts gets its time.

        What cannot be asked does not serve: it is then replaced, by which the reason shows.
        """
        live = self.colours.live()
        found = self.found(live) if live else None
        if not found or found["Config"]["Labels"].get(RELEASE) != self.name() or not runs(found):
            return False
        try:
            self.await_ready(live, found["RestartCount"])
            # However long it takes: on a busy host it would be replaced for that alone.
            self.prove(live, math.inf)
        except (ReleaseError, ServerError, OSError, ValueError, KeyError):
            return False
        again = self.found(live)
        return bool(again) and again["RestartCount"] == found["RestartCount"]

    def found(self, colour):
        """Return what Docker knows of a colour's container, None where there is none."""
        return self.docker.inspect("container", self.colours.container(colour))

    def replace(self):
        """Serve it in place of what is served; raises ReleaseError and leaves that serving."""
        old, new = self.colours.live(), self.colours.other()
        try:
            with self.timed("pull"):
                have_image(self.docker, self.given["image"])
            with self.timed("start"):
                self.start(new)
                self.await_ready(new)
            with self.timed("golden"):
                self.prove(new, self.given["golden_limit_ms"])
            # Proved, and not before: what never served must not come back with the host.
            self.docker.run("update", "--restart", "unless-stopped", self.colours.container(new))
            self.colours.switch(new)
        except (ReleaseError, ServerError, DockerError, OSError, ValueError, KeyError) as error:
            self.colours.remove(new)
            still = old and is_ready(self.colours.socket(old))
            raise ReleaseError(
                f"{self.title()}: {error}; {'the previous release keeps serving' if still else 'nothing serves'}"
            ) from error

    def retire(self):
        """Let the one that serves no more finish what it has, and remove it; return whether there was one."""
        with self.timed("drain"):
            return self.colours.remove(self.colours.other(), self.given["drain_seconds"] + STOP_MARGIN_SECONDS)

    @contextlib.contextmanager
    def timed(self, step):
        """Keep how long a step takes, also one that fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(time.monotonic() - started, 3)

    def title(self):
        """Return how a person calls it."""
        return ", ".join(f"{name} {model['version']}" for name, model in self.models.items())

    def start(self, colour):
        """Start the colour's container, in place of one that an interrupted run left."""
        self.colours.remove(colour)
        self.admit(colour)
        own = ["--name", self.colours.container(colour), "--label", f"{RELEASE}={self.name()}"]
        own.append(f"--mount=type=bind,source={self.colours.place(colour)},target={SOCKETS}")
        self.docker.run("run", "--detach", *own, *self.options(), self.given["image"])

    def admit(self, colour):
        """Let the gateway, and the colour's server, into its folder."""
        self.colours.prepare(colour, grp.getgrnam(self.given["group"]).gr_gid)

    def await_ready(self, colour, restarts=0):
        """Return when the colour's models answer; raises ReleaseError where it ends or takes too long.

        `restarts` is how often Docker has started it again so far.
        """
        deadline = time.monotonic() + self.given["ready_seconds"]
        name = self.colours.container(colour)
        while not is_ready(self.colours.socket(colour)):
            found = self.found(colour)
            if not found or not found["State"]["Running"] or found["RestartCount"] > restarts:
                raise ReleaseError(f"its container ended: {self.docker.complaint(name)}")
            if time.monotonic() > deadline:
                limit = f"within {self.given['ready_seconds']} s (api_ready_seconds)"
                raise ReleaseError(f"not ready {limit}: {self.docker.complaint(name)}")
            time.sleep(LOOKS_EVERY_SECONDS)

    def prove(self, colour, limit_ms):
        """Ask every model its golden rows."""
        for name, model in self.models.items():
            with open(os.path.join(self.bundle(model), "golden.json"), encoding="utf-8") as file:
                prove(self.colours.socket(colour), name, json.load(file), limit_ms)

    def withdraw(self):
        """Serve nothing; return whether anything was there."""
        linked = self.colours.clear()
        seconds = self.given["drain_seconds"] + STOP_MARGIN_SECONDS
        return any([linked, *[self.colours.remove(colour, seconds) for colour in COLOURS]])
