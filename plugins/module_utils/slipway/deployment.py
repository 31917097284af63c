"""A release goes into service on a host, blue-green: `Deployment.deploy` has the steps in their order."""

import contextlib
import grp
import math
import time
from collections.abc import Iterator
from typing import Any

from . import files, record
from .api_client import GoldenError, check_golden, is_ready
from .colours import COLOURS, Colours
from .docker import Docker, DockerError, Inspection, is_running
from .gateway import Gateway, GatewayError
from .release import SOCKETS, Release

LABEL = "slipway.release"
# Docker waits so long beyond the server's own drain time before it kills the server.
STOP_MARGIN_SECONDS = 5


class DeploymentError(Exception):
    """The reason why a release does not serve, or why what follows the switch failed."""


class Deployment:
    """One release on one host; `module` is the Ansible module `slipway_release`, whose options say how."""

    def __init__(self, module: Any, docker: Docker) -> None:
        self.module = module
        self.settings: dict[str, Any] = module.params
        self.docker = docker
        self.colours = Colours(docker, self.settings["folder"])
        self.gateway = Gateway(self.settings["gateway"])
        self.release = Release(self.settings)
        self.seconds: dict[str, float] = {}

    def deploy(self) -> bool:
        """Put the release into service; return whether anything changed.

        The steps are those of docs/hosts.md, "A release"; the task before, slipway_bundles, is the first of them.
        A run that finds the release in service does only what a run that was cut off may have left undone.
        """
        in_service = self.is_in_service()
        if not in_service:
            colour = self.colours.idle()
            with self._keep_previous_on_failure(colour):
                self.pull_image()
                self.start(colour)
                self.await_ready(colour)
                self.check_golden(colour, self.settings["golden_limit_ms"])
                self.switch_traffic(colour)
        with self._explain_late_failure():
            drained = self.drain_previous()
            recorded = self.record()
            self.prune(warn=recorded)
        return not in_service or drained or recorded

    def withdraw(self) -> bool:
        """Take whatever serves out of service; return whether there was anything."""
        linked = self.colours.clear()
        seconds = self.settings["drain_seconds"] + STOP_MARGIN_SECONDS
        removed = [self._drain(colour, seconds) for colour in COLOURS]
        return any([linked, *removed, files.remove(self.settings["record"])])

    def is_in_service(self) -> bool:
        """Whether the live container is this release and gives the golden answers; one that starts gets its time.

        A release that cannot be checked counts as not in service: replacing it shows the reason.
        """
        live = self.colours.live()
        found = self._inspect(live) if live else None
        if not live or not found or not is_running(found):
            return False
        if found["Config"]["Labels"].get(LABEL) != self.release.label():
            return False
        try:
            self.await_ready(live, found["RestartCount"])
            # No limit here: on a busy host a slow answer alone would replace the container.
            self.check_golden(live, math.inf)
        except (DeploymentError, GoldenError, OSError, ValueError, KeyError):
            return False
        later = self._inspect(live)
        return later is not None and later["RestartCount"] == found["RestartCount"]

    def pull_image(self) -> None:
        """Pull the image unless it is here."""
        with self._timed("pull"):
            self.docker.require_image(self.release.image)

    def start(self, colour: str) -> None:
        """Start the colour's container, in place of one that an interrupted run left."""
        with self._timed("start"):
            self.colours.remove(colour)
            self._prepare_folder(colour)
            own = ["--name", self.colours.container(colour), "--label", f"{LABEL}={self.release.label()}"]
            own.append(f"--mount=type=bind,source={self.colours.path(colour)},target={SOCKETS}")
            self.docker.run("run", "--detach", *own, *self.release.options(), self.release.image)

    def await_ready(self, colour: str, restarts: int = 0) -> None:
        """Wait until the colour's models answer; raises DeploymentError if its container ends or takes too long.

        `restarts` is how often Docker has restarted it so far.
        """
        with self._timed("ready"):
            socket, seconds = self.colours.socket(colour), self.settings["ready_seconds"]
            late = f"not ready within {seconds} s (api_ready_seconds)"
            container = self.colours.container(colour)
            if reason := self.docker.await_container(container, lambda: is_ready(socket), seconds, late, restarts):
                raise DeploymentError(reason)

    def check_golden(self, colour: str, limit_ms: float) -> None:
        """Send every model its golden rows; raises GoldenError."""
        with self._timed("golden"):
            for name, model in self.release.models.items():
                check_golden(self.colours.socket(colour), name, self.release.golden(model), limit_ms)

    def switch_traffic(self, colour: str) -> None:
        """Have the gateway send requests to the colour; from then on it is the released one."""
        with self._timed("switch"):
            # Only now may Docker restart the container by itself: one that never served must not return after a boot.
            self.docker.run("update", "--restart", "unless-stopped", self.colours.container(colour))
            self.colours.publish(colour)
            self.gateway.await_server(colour)
            self.colours.release(colour)

    def drain_previous(self) -> bool:
        """Let the previous container finish its requests, and remove it; return whether there was one."""
        live = self.colours.live()
        published = False
        if live:
            self._prepare_folder(live)
            published = self.colours.publish(live)
        with self._timed("drain"):
            return self._drain(self.colours.idle(), self.settings["drain_seconds"] + STOP_MARGIN_SECONDS) or published

    def _drain(self, colour: str, seconds: int) -> bool:
        """Send the colour no more requests, wait for those that it has, and remove it; return whether it was there."""
        if self.colours.unpublish(colour):
            self.gateway.await_idle(colour, seconds)
        return self.colours.remove(colour, seconds)

    def record(self) -> bool:
        """Write release.json; return whether it said anything else before."""
        path, serving = self.settings["record"], self.release.record()
        if not record.differs(path, serving):
            return False
        record.write(path, serving)
        self.module.log(f"{self.release.title()} serves as {self.colours.live()}: {self.seconds}")
        return True

    def prune(self, *, warn: bool) -> None:
        """Remove bundles and images that are neither current nor previous; on `warn`, say which stay and why."""
        problems = record.prune(self.docker, record.read(self.settings["record"]), self.settings["bundles"])
        for problem in problems if warn else ():
            self.module.warn(problem)

    def _inspect(self, colour: str) -> Inspection | None:
        return self.docker.inspect("container", self.colours.container(colour))

    def _prepare_folder(self, colour: str) -> None:
        self.colours.prepare(colour, grp.getgrnam(self.settings["group"]).gr_gid)

    @contextlib.contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Keep how long a step takes, also one that fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(time.monotonic() - started, 3)

    @contextlib.contextmanager
    def _keep_previous_on_failure(self, colour: str) -> Iterator[None]:
        """Remove the new container if anything fails, and say whether the previous release keeps serving."""
        previous = self.colours.live()
        try:
            yield
        except (DeploymentError, GoldenError, GatewayError, DockerError, OSError, ValueError, KeyError) as error:
            self.colours.remove(colour)
            serves = previous and is_ready(self.colours.socket(previous))
            state = "the previous release keeps serving" if serves else "nothing serves"
            raise DeploymentError(f"{self.release.title()}: {error}; {state}") from error

    @contextlib.contextmanager
    def _explain_late_failure(self) -> Iterator[None]:
        """Say that the new release serves, although a step after the switch failed."""
        try:
            yield
        except (DockerError, GatewayError, OSError) as error:
            raise DeploymentError(
                f"{self.release.title()} serves, but a step after the switch failed: {error}"
            ) from error
