"""Measure polls, full runs and releases on the rehearsal's host: run `make up` first, then `make bench-release`.

Prints one JSON object per figure on stdout, progress on stderr. Exit status: 0 if every figure is within its limit, 1
if one is not, 2 if measuring failed. Every release is rolled back, so at the end the host serves what it served before.
"""

import argparse
import contextlib
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import trained
from bench.figures import LIMITS, Figure
from bench.known import Known
from bench.load import Load
from bench.series.run import Series
from bench.watch import Watch
from containers.single_layer import single_layer
from rehearsal import gateway, state
from rehearsal.checkout import Checkout
from rehearsal.down import down
from rehearsal.host import Host
from rehearsal.progress import Progress
from rehearsal.releases import Releases, served
from rehearsal.tracking import Tracking
from rehearsal.up import up
from workstation.errors import CommandError

HOST = "host"
# On the host, which has no checkout to run a module from: the processor time of a whole poll, git's included.
POLL = """
import json, resource, subprocess
subprocess.run(["slipway-pull", "run"], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(used.ru_utime + used.ru_stime))
"""
# Settings of a model that differs from the one `make up` trains.
SETTINGS = ("max_depth=4", "rounds=50")
# The load during a release: light, since it shares the processors with what is measured.
REQUESTS_A_SECOND = 50


def figure(name: str, seconds: list[float]) -> Figure:
    """Return the median of the seconds, with its limit."""
    found = Figure(name, statistics.median(seconds), "s", HOST, min(seconds), max(seconds))
    return replace(found, limit=LIMITS.get(name))


def polls(host: Host, times: int) -> Iterator[Figure]:
    """Yield the processor time of a poll that finds nothing new."""
    yield figure("poll_cpu", [float(host.run("python3", "-c", POLL)) for _ in range(times)])


def full_runs(host: Host, times: int) -> Iterator[Figure]:
    """Yield the time of a full run that changes nothing, and of each role in it."""
    walls, roles = [], []
    for _ in range(times):
        started = time.monotonic()
        host.run("slipway-pull", "now", "--full")
        walls.append(time.monotonic() - started)
        roles.append(host.agent_status()[0]["roles"])
    yield figure("full_run_seconds", walls)
    for role in roles[0]:
        yield figure(f"role_{role}_seconds", [each[role] for each in roles])


class Loaded:
    """Releases under load; every answer is checked against the rows of its request."""

    def __init__(self, releases: Releases) -> None:
        """Requests go to the model that is being served; it has to be one that was trained here."""
        self.releases = releases
        version, folder = trained.serving(releases.checkout, releases.url)
        self.known = Known({version: folder})
        self._loads: list[Load] = []

    def release(self, is_served: Callable[[dict[str, object]], bool], start: Callable[[], None]) -> float:
        """Make a release and roll it back; return the seconds from when the host noticed it until it was served."""
        releases = self.releases
        with Load(f"{releases.url}/predict", releases.checkout.ca, self.known, REQUESTS_A_SECOND) as load:
            with Watch(releases, is_served) as watch:
                start()
            attempted: float = releases.host.agent_status()[0]["attempted_at"]
            releases.rollback()
        releases.progress.say(f"requests during the release: {load}")
        self._loads.append(load)
        return watch.seen - attempted

    def figures(self) -> Iterator[Figure]:
        """Yield the counts of requests, failures and wrong answers."""
        for name, counted in {
            "requests_during_releases": sum(each.served.total() for each in self._loads),
            "failed_requests": sum(each.failed.total() for each in self._loads),
            "wrong_answers": sum(len(each.wrong) for each in self._loads),
        }.items():
            yield Figure(name, counted, "requests", HOST, limit=LIMITS.get(name))


def model_releases(loaded: Loaded, tracking: Tracking, times: int) -> Iterator[Figure]:
    """Yield the time of a release that changes only the model, each time a new one, until it is served."""
    seen, releases = [], loaded.releases
    for number in range(times):
        made = tracking.train(releases.progress, *SETTINGS, f"seed={int(time.time()) + number}")
        pin = releases.pin(f"models:/{made['name']}/{made['version']}")

        def is_served(about: dict[str, object], wanted: tuple[str, str] = (pin.name, pin.sha256)) -> bool:
            return wanted in served(about)

        loaded.known.accept(str(made["version"]), Path(made["bundle"]))
        seen.append(loaded.release(is_served, partial(releases.release, pin, "")))
    yield figure("model_release_seconds", seen)


def image_releases(loaded: Loaded, times: int) -> Iterator[Figure]:
    """Yield the time of a release of an image of which the host has no layer, until it is served."""
    seen, releases = [], loaded.releases
    for number in range(times):
        with single_layer(releases.state.images["api"], f"{time.time()}-{number}") as name:
            image = releases.image(name)

            def is_served(about: dict[str, object], wanted: str = image) -> bool:
                return about["image"] == wanted

            seen.append(loaded.release(is_served, partial(releases.release, None, image)))
    yield figure("image_release_seconds", seen)


def series(releases: Releases, tracking: Tracking, count: int, progress: Progress) -> Iterator[Figure]:
    """Yield what many releases in a row cost, of three models and three images."""
    with ExitStack() as stack:
        version, folder = trained.serving(releases.checkout, releases.url)
        name = folder.parent.name
        bundles = {version: folder}
        for number in range(2):
            made = tracking.train(progress, *SETTINGS, f"seed={number}")
            bundles[str(made["version"])] = Path(made["bundle"])
        models = {each: (releases.pin(f"models:/{name}/{each}"), path) for each, path in bundles.items()}
        image = str(gateway.require(releases.checkout, f"{releases.url}/version")[1]["image"])
        marks = [f"{time.time()}-{number}" for number in range(2)]
        others = [stack.enter_context(single_layer(releases.state.images["api"], mark)) for mark in marks]
        images = [image, *map(releases.image, others)]
        yield from Series(releases, models, images, progress).figures(count)


def ups(checkout: Checkout, progress: Progress, times: int) -> Iterator[Figure]:
    """Yield the time of `make up` after `make down`, which keeps the caches."""
    seen = []
    for _ in range(times):
        down(checkout, progress)
        started = time.monotonic()
        with contextlib.redirect_stdout(sys.stderr):
            up(checkout, progress)
        seen.append(time.monotonic() - started)
    yield figure("up_warm_seconds", seen)


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield each figure when it is known."""
    checkout, progress = Checkout(), Progress()
    if options.ups:
        yield from ups(checkout, progress, options.ups)
    if not checkout.ca.exists():
        raise CommandError("nothing is running in this checkout: run `make up` first")
    known = state.read(checkout)
    tracking = Tracking(checkout, known)
    if options.releases:
        if options.releases < 2:
            raise CommandError(f"--releases {options.releases}: wanted at least 2, since the first half is a warm-up")
        # A line for each release is enough.
        yield from series(Releases(checkout, known, Progress(io.StringIO())), tracking, options.releases, progress)
        return
    releases = Releases(checkout, known, progress)
    yield from polls(releases.host, options.polls)
    yield from full_runs(releases.host, options.times)
    loaded = Loaded(releases)
    yield from model_releases(loaded, tracking, options.times)
    yield from image_releases(loaded, options.times)
    yield from loaded.figures()


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status."""
    made = argparse.ArgumentParser(
        prog="python -m bench.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--polls", type=int, default=10, help="number of polls (default: %(default)s)")
    made.add_argument(
        "--times", type=int, default=2, help="number of full runs and of releases of each kind (default: %(default)s)"
    )
    made.add_argument(
        "--ups", type=int, default=0, help="run `make down` and `make up` this many times first (default: %(default)s)"
    )
    made.add_argument(
        "--releases",
        type=int,
        default=0,
        help="make this many releases in a row under load, at least 2, and measure only that",
    )
    held = True
    try:
        for each in measure(made.parse_args(arguments)):
            print(each.line(), flush=True)
            held = held and each.held()
    except CommandError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return 2
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
