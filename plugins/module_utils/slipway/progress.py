"""A progressive release: the new colour gets a larger share of the requests step by step, and is compared each time."""

import time
from collections.abc import Callable
from typing import Any

from . import files, haproxy
from .answers import Answers, Watch
from .gateway import GatewayError
from .haproxy_map import MapFile

HEADER = """\
# How the gateway shares requests between the two colours of the API, in percent. Without lines, no release is under
# way, and whichever colour is up gets them. Written by the task that releases.
"""
# Between two looks at the gateway's counters and at the container.
POLL_SECONDS = 1.0
# HAProxy gives a process from before a reload two minutes (hard-stop-after in the role gateway).
OLD_PROCESS_SECONDS = 130


class StepError(Exception):
    """The reason why the new release must not get more requests."""


class WorseError(StepError):
    """In which way the new release answers worse than the previous one."""


class Progress:
    """The steps of a release from the colour `old` to the colour `new`; `settings` are those of `slipway_release`."""

    def __init__(self, settings: dict[str, Any], new: str, old: str) -> None:
        self.settings = settings
        self.new, self.old = new, old
        self.map = shares_map(settings)
        self.watch: Watch | None = None
        # A sentence for each step.
        self.seen: list[str] = []

    def begin(self) -> bool:
        """Give the new colour no requests yet; return whether the gateway runs, so that it can share them.

        Raises GatewayError if it runs, but does not know how.
        """
        try:
            self._await_map()
        except haproxy.NotRunningError:
            return False
        self.share(0)
        self.watch = Watch(self.settings["master"])
        return True

    def share(self, percent: int) -> None:
        """Give the new colour so many percent of the requests."""
        shares = {self.new: percent, self.old: 100 - percent}
        self.map.replace([(colour, str(share)) for colour, share in sorted(shares.items())])

    def run(self, ended: Callable[[], str]) -> None:
        """Take the steps; raises WorseError, or StepError if `ended` has a reason why the new one is no more."""
        for step in self.settings["steps"]:
            self._run(step["percent"], step["seconds"], ended)
        self.share(100)

    def met(self) -> int:
        """Return how many requests the new colour has got since the release began."""
        if self.watch is None:
            return 0
        self.watch.look()
        return self.watch.total.get(self.new, Answers()).count

    def _run(self, percent: int, seconds: float, ended: Callable[[], str]) -> None:
        if self.watch is None:
            raise GatewayError("the release has not begun")
        self.share(percent)
        self.watch.begin()
        where = f"at {percent}% of the requests"
        until = time.monotonic() + seconds
        while True:
            self.watch.look()
            new, old = (self.watch.step.get(colour, Answers()) for colour in (self.new, self.old))
            if reason := ended():
                raise StepError(f"{where}, {reason}")
            if reason := worse(new, old, self.settings):
                raise WorseError(f"{where}, {reason}")
            rest = until - time.monotonic()
            if rest <= 0:
                break
            time.sleep(min(POLL_SECONDS, rest))
        fewest, least = min(new.count, old.count), self.settings["min_requests"]
        verdict = f"too few requests to compare: {fewest:,}, wanted {least:,}" if fewest < least else "no worse"
        self.seen.append(f"{where}: {described(new)}; previous release: {described(old)}; {verdict}")

    def _await_map(self) -> None:
        """Wait until each process of HAProxy has the map: one from before a reload may not."""
        deadline = time.monotonic() + OLD_PROCESS_SECONDS
        while not all(loaded := self.map.loaded()):
            if not any(loaded):
                raise GatewayError(f"the gateway has not loaded {self.map.path}, so it cannot take release_steps")
            if time.monotonic() > deadline:
                raise GatewayError(f"a process of the gateway without {self.map.path} still runs after its reload")
            time.sleep(POLL_SECONDS)


def shares_map(settings: dict[str, Any]) -> MapFile:
    """Return the map of the shares."""
    return MapFile(settings["shares"], HEADER, settings["master"])


def shares(settings: dict[str, Any]) -> bool:
    """Whether there are shares: a release is under way, or was cut off."""
    return any(not line.startswith("#") for line in files.read(settings["shares"]).splitlines())


def clear(settings: dict[str, Any]) -> bool:
    """Have no shares: whichever colour is up gets requests. Return whether there were any."""
    found = shares_map(settings)
    # A host that never released in steps has no file.
    if not files.read(found.path) or not found.differs([]):
        return False
    found.replace([])
    return True


def worse(new: Answers, old: Answers, limits: dict[str, Any]) -> str:
    """Return in which way the new colour is worse than the limits allow, "" if it is not or if nobody can say yet."""
    least, more, times = limits["min_requests"], limits["max_error_ratio"], limits["max_latency_ratio"]
    if min(new.count, old.count) >= least and new.failed_share - old.failed_share > more:
        return (
            f"{new.failed:,} of {new.count:,} failed ({new.failed_share:.1%}), with the previous release"
            f" {old.failed:,} of {old.count:,} ({old.failed_share:.1%});"
            f" limit: {more * 100:g} percentage points more (release_max_error_ratio)"
        )
    if min(new.timed, old.timed) >= least and new.mean_ms > times * old.mean_ms > 0:
        return (
            f"an answer takes {new.mean_ms:.1f} ms on average, with the previous release {old.mean_ms:.1f} ms:"
            f" {new.mean_ms / old.mean_ms:.1f} times as long; limit: {times:g} times (release_max_latency_ratio)"
        )
    return ""


def described(answers: Answers) -> str:
    """Return what a colour answered."""
    return f"{answers.failed:,} of {answers.count:,} failed, {answers.mean_ms:.1f} ms on average"
