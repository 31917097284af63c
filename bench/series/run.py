"""Runs a series: clients at a steady rate, one release after the other, and what is left over at the end."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.figures import LIMITS, Figure
from bench.known import Known
from bench.load import Load
from bench.series import disturbances, left_over
from bench.series.left_over import SERVER
from bench.series.plan import KINDS, Target, plan
from bench.steady import Steady
from bench.watch import Watch
from rehearsal.progress import Progress
from rehearsal.release_file import Pin
from rehearsal.releases import Releases, served

# All kinds of connections and sizes of bodies, which cost the clients most; single rows make up the rest of the rate.
MIXED_RATE, STEADY_RATE = 60.0, 440.0
# Memory, caches and pools grow to their size in the first releases.
WARM_UP = 10
# In every five releases one reload and one renewal, so the gateway's process has the same age after 10 as after 100.
EVERY, RELOAD_AFTER, RENEW_AFTER = 5, 2, 4
WATCH_SECONDS = 0.2


class Series:
    """Releases in a row of these models and images, under load."""

    def __init__(
        self, releases: Releases, models: Mapping[str, tuple[Pin, Path]], images: Sequence[str], progress: Progress
    ) -> None:
        """`models` are by version, each with its bundle. The host serves the first one, with the first image."""
        self.releases, self.models, self.images, self.progress = releases, models, images, progress
        self.known = Known({version: folder for version, (_, folder) in models.items()})
        self.now = self.first = Target(next(iter(models)), images[0])
        self.seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.loads: list[Load] = []
        self._made = 0
        self._loaded = 0.0

    def figures(self, count: int) -> Iterator[Figure]:
        """Make the releases and yield what was measured; then release again what was served before."""
        warm_up = min(WARM_UP, count // 2)
        self.run(warm_up)
        before = left_over.settled(self.releases.host)
        self.run(count - warm_up)
        after = left_over.settled(self.releases.host, before)
        if excess := after.excess(before):
            self.progress.say(f"left over: {excess}")
        yield from self._counts()
        for kind, seconds in self.seconds.items():
            if seconds:
                name = f"series_{kind}_release_seconds"
                yield Figure(name, statistics.median(seconds), "s", SERVER, min(seconds), max(seconds))
        yield from left_over.figures(before, after)
        self.restore()

    def run(self, count: int, rates: tuple[float, float] = (MIXED_RATE, STEADY_RATE)) -> None:
        """Make releases under load, with reloads and renewals in between."""
        targets = plan(self.now, list(self.models), self.images, count)
        with self._load(*rates):
            for target in targets:
                self._made += 1
                self._expect(self.now.version, target.version)
                kind = target.changes(self.now)
                seconds = self._release(target)
                self.seconds[kind].append(seconds)
                # The previous container is gone.
                self._expect(target.version)
                self.progress.say(f"release {self._made}, {kind}: {seconds:.1f} s; {self}{self._disturb()}")

    def restore(self) -> None:
        """Release what was served before the series."""
        if self.now != self.first:
            self._release(self.first)

    def __str__(self) -> str:
        failed, wrong = self.failed(), self.wrong()
        return (
            f"{self.right()} right, {sum(each.repeated for each in self.loads)} repeated, failed: {failed or 0},"
            f" wrong: {wrong[:3] or 0}"
        )

    def right(self) -> int:
        """Return the number of right answers."""
        return sum(each.served.total() for each in self.loads)

    def failed(self) -> dict[str, int]:
        """Return the requests without an answer, by their error."""
        found: dict[str, int] = {}
        for each in self.loads:
            for error, count in each.failed.items():
                found[error] = found.get(error, 0) + count
        return found

    def wrong(self) -> list[str]:
        """Return the wrong answers."""
        return [fault for each in self.loads for fault in each.wrong]

    def _release(self, target: Target) -> float:
        """Release; return the seconds from when the host noticed the commit until a client saw the release."""
        releases, pin = self.releases, self.models[target.version][0]
        wanted = (pin.name, pin.sha256)
        with Watch(
            releases, lambda about: wanted in served(about) and about["image"] == target.image, WATCH_SECONDS
        ) as watch:
            releases.release(pin, target.image)
        self.now = target
        # Draining takes longer than the pause between two looks, except where nothing was to be released.
        attempted: float = releases.host.agent_status()[0]["attempted_at"]
        return (watch.seen or time.time()) - attempted

    def _disturb(self) -> str:
        """Reload the gateway or renew its certificate if it is time for that; return what was done."""
        if self._made % EVERY == RELOAD_AFTER:
            disturbances.reload(self.releases)
            return "; reloaded the gateway"
        if self._made % EVERY == RENEW_AFTER:
            disturbances.renew(self.releases)
            return "; renewed the certificate"
        return ""

    def _expect(self, *versions: str) -> None:
        for each in self.loads[-2:]:
            each.expect(*versions)

    @contextmanager
    def _load(self, mixed: float, steady: float) -> Iterator[None]:
        url, ca = f"{self.releases.url}/predict", self.releases.checkout.ca
        beside = Steady(url, ca, self.known, steady)
        load = Load(url, ca, self.known, mixed, beside=beside)
        self.loads += [load, beside]
        self._expect(self.now.version)
        started = time.monotonic()
        with load:
            yield
        self._loaded += time.monotonic() - started

    def _counts(self) -> Iterator[Figure]:
        repeated = sum(each.repeated for each in self.loads)
        yield Figure("releases", self._made, "releases", SERVER)
        yield Figure("requests_during_releases", self.right(), "requests", SERVER)
        yield Figure("requests_per_second_during_releases", self.right() / self._loaded, "requests/s", SERVER)
        yield Figure("repeated_requests", repeated, "requests", SERVER)
        for name, count in {"failed_requests": sum(self.failed().values()), "wrong_answers": len(self.wrong())}.items():
            yield Figure(name, count, "requests", SERVER, limit=LIMITS[name])
