"""A release goes into service on a host, blue-green: `Deployment.deploy` has the steps in their order."""

import contextlib
import grp
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from typing import Any

from . import files, progress, record
from .api_client import GoldenError, check_golden, is_ready
from .colours import COLOURS, Colours
from .docker import Docker, DockerError, Inspection, is_running
from .gateway import Gateway, GatewayError
from .haproxy import HAProxyError
from .progress import Progress, StepError, WorseError
from .release import SOCKETS, Release

LABEL = "slipway.release"
# In the API's folder: the release that was taken back, as a digest of it and of its limits, and the reason.
TAKEN_BACK = "taken_back"
LIMITS = ("steps", "max_error_ratio", "max_latency_ratio", "min_requests")
# Docker waits so long beyond the server's own drain time before it kills the server.
STOP_MARGIN_SECONDS = 5


class DeploymentError(Exception):
    """The reason why a release does not serve, or why what follows the switch failed."""


# What a release may fail of before it is released.
FAILURES = (
    *(DeploymentError, GoldenError, StepError, GatewayError, HAProxyError, DockerError),
    *(OSError, ValueError, KeyError),
)


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
        # Only while a release takes steps, and what each of them saw.
        self.progress: Progress | None = None
        self.steps: list[str] = []
        # The release that this run recorded, and how long it took.
        self.serves = ""

    def deploy(self) -> bool:
        """Put the release into service; return whether anything changed.

        The steps are those of docs/hosts.md, "A release"; the task before, slipway_bundles, is the first of them.
        A run that finds the release in service does only what a run that was cut off may have left undone.
        """
        in_service = self.is_in_service()
        if not in_service:
            colour = self.colours.idle()
            with self._keep_previous_on_failure(colour):
                self.end_steps(colour)
                self.refuse_again()
                self.pull_image()
                self.start(colour)
                self.await_ready(colour)
                self.check_golden(colour, self.settings["golden_limit_ms"])
                self.switch_traffic(colour)
        with self._explain_late_failure():
            files.remove(self.taken_back)
            drained = self.drain_previous()
            # After the previous colour is gone: without shares, both would get requests.
            cleared = progress.clear(self.settings)
            recorded = self.record()
            self.prune(warn=recorded)
        return not in_service or drained or cleared or recorded

    def withdraw(self) -> bool:
        """Take whatever serves out of service; return whether there was anything."""
        linked = self.colours.clear()
        removed = [self._drain(colour, self._drain_limit()) for colour in COLOURS]
        cleared = progress.clear(self.settings)
        files.remove(self.taken_back)
        return any([linked, *removed, cleared, files.remove(self.settings["record"])])

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

    def end_steps(self, colour: str) -> None:
        """Give no more requests to a release that an interrupted run left, unless it alone answers."""
        live = self.colours.live()
        if live and progress.shares(self.settings):
            Progress(self.settings, colour, live).share(0)

    def refuse_again(self) -> None:
        """Refuse a release that answered worse than the previous one: each try would cost some requests.

        Any other release or limit in between, such as the one before, has it tried again.
        """
        digest, _, reason = files.read(self.taken_back).partition("\n")
        if digest == self._digest():
            raise DeploymentError(f"not tried again, because it was taken back: {reason}")

    def pull_image(self) -> None:
        """Pull the image unless it is here."""
        with self._timed("pull"):
            self.docker.require_image(self.release.image)

    def start(self, colour: str) -> None:
        """Start the colour's container, in place of one that an interrupted run left."""
        with self._timed("start"):
            self._drain(colour, self._drain_limit())
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
        """Have the gateway send requests to the colour, in steps if there are any; then it is the released one."""
        with self._timed("switch"):
            # Only now may Docker restart the container by itself: one that never served must not return after a boot.
            self.docker.run("update", "--restart", "unless-stopped", self.colours.container(colour))
            self.progress = self._begin_steps(colour)
            self.colours.publish(colour)
            self.gateway.await_server(colour)
        if self.progress:
            self.take_steps(self.progress)
        self.colours.release(colour)

    def take_steps(self, steps: Progress) -> None:
        """Give the new colour more and more requests; raises StepError if it answers worse than the previous one."""
        with self._timed("steps"):
            steps.run(lambda: self._ended(steps.new))
            self.steps = steps.seen

    def _begin_steps(self, colour: str) -> Progress | None:
        """Return the steps if there are any and a previous release to compare with; no request goes to `colour` yet."""
        live = self.colours.live()
        if not self.settings["steps"] or not live or not is_ready(self.colours.socket(live)):
            return None
        # Without its link the gateway would send everything to the new colour, whatever its share.
        if self.colours.publish(live):
            self.gateway.await_server(live)
        steps = Progress(self.settings, colour, live)
        if not steps.begin():
            self.module.warn("the gateway does not run: the release was not compared with the previous one")
            return None
        return steps

    def _ended(self, colour: str) -> str:
        """Return why the colour's container is no longer the one that was started, "" if it is."""
        found = self._inspect(colour)
        if found and is_running(found) and not found["RestartCount"]:
            return ""
        return f"its container ended: {self.docker.last_message(self.colours.container(colour))}"

    def drain_previous(self) -> bool:
        """Let the previous container finish its requests, and remove it; return whether there was one."""
        live = self.colours.live()
        published = False
        if live:
            self._prepare_folder(live)
            published = self.colours.publish(live)
        with self._timed("drain"):
            return self._drain(self.colours.idle(), self._drain_limit()) or published

    def _drain(self, colour: str, seconds: int) -> bool:
        """Send the colour no more requests, wait for those that it has, and remove it; return whether it was there."""
        if self.colours.unpublish(colour):
            self.gateway.await_idle(colour, seconds)
        return self.colours.remove(colour, seconds)

    def _drain_limit(self) -> int:
        return int(self.settings["drain_seconds"]) + STOP_MARGIN_SECONDS

    def record(self) -> bool:
        """Write release.json; return whether it said anything else before."""
        path, serving = self.settings["record"], self.release.record()
        if not record.differs(path, serving):
            return False
        record.write(path, serving)
        self.serves = f"{self.release.title()} serves as {self.colours.live()}: {self.seconds}"
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

    @property
    def taken_back(self) -> str:
        """The file that says which release was taken back, and why."""
        return os.path.join(self.settings["folder"], TAKEN_BACK)

    def _digest(self) -> str:
        limits = [self.settings[name] for name in LIMITS]
        return hashlib.sha256(json.dumps([self.release.label(), limits]).encode()).hexdigest()

    def _take_back(self, colour: str) -> str:
        """Remove the new container; return what to say of the requests that it got."""
        if not self.progress:
            self.colours.remove(colour)
            return ""
        # At once. If that fails, its link ends its requests a moment later.
        with self._warned():
            self.progress.share(0)
        self._drain(colour, self._drain_limit())
        met = ""
        with self._warned():
            met = f"; {self.progress.met():,} requests met it"
            progress.clear(self.settings)
        return met

    @contextlib.contextmanager
    def _warned(self) -> Iterator[None]:
        """Warn of a gateway that does not do what it was told, where that alone must not end the run."""
        try:
            yield
        except (HAProxyError, OSError) as error:
            self.module.warn(f"the gateway: {error}")

    @contextlib.contextmanager
    def _keep_previous_on_failure(self, colour: str) -> Iterator[None]:
        """Remove the new container if anything fails, and say whether the previous release keeps serving."""
        previous = self.colours.live()
        try:
            yield
        except FAILURES as error:
            met = self._take_back(colour)
            if isinstance(error, WorseError):
                # Without it, the release would only be tried again.
                with contextlib.suppress(OSError):
                    files.write(self.taken_back, f"{self._digest()}\n{error}{met}".encode())
            serves = previous and is_ready(self.colours.socket(previous))
            state = "the previous release keeps serving" if serves else "nothing serves"
            raise DeploymentError(f"{self.release.title()}: {error}{met}; {state}") from error

    @contextlib.contextmanager
    def _explain_late_failure(self) -> Iterator[None]:
        """Say that the new release serves, although a step after the switch failed."""
        try:
            yield
        except (DockerError, GatewayError, HAProxyError, OSError) as error:
            raise DeploymentError(
                f"{self.release.title()} serves, but a step after the switch failed: {error}"
            ) from error
