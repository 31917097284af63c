"""All that can be checked, cheapest first: `make test`. However it ends, what it started does not stay behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import leftovers
from common import ROOT, say
from engine import engine

TAKES_DOWN_WITHIN_SECONDS = 60


@contextmanager
def timed(name: str, times: dict[str, float]) -> Iterator[None]:
    """Say what begins, and keep how long it took."""
    say(f"{name} ...")
    started = time.monotonic()
    yield
    times[name] = time.monotonic() - started


def need_system() -> None:
    """Have the system's programs that tests use."""
    needs = (ROOT / "tools" / "system.txt").read_text().split()
    if subprocess.run([ROOT / "tools" / "need.sh", *needs], check=False).returncode:
        raise SystemExit("slipway: or run `make unit`: it needs nothing but Python")


def lint() -> None:
    """Run the cheap checks; a failure there ends it all."""
    if subprocess.run(["make", "lint"], check=False, cwd=ROOT).returncode:
        raise SystemExit("slipway: `make lint` found something: see above")


class Terminated(KeyboardInterrupt):
    """SIGTERM came: unlike a Ctrl-C at the terminal, it came to this process alone."""


def terminate(_number: int, _frame: object) -> None:
    """Handle SIGTERM."""
    raise Terminated


def pytest(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit code; an interrupted pytest gets the time to take down what it set up."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", "--durations=10", *arguments], cwd=ROOT)
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, Terminated):
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # whatever is left is ended with the other leftovers
            process.wait(TAKES_DOWN_WITHIN_SECONDS)
        raise


def main(arguments: list[str]) -> int:
    """Check everything; return the exit code."""
    times: dict[str, float] = {}
    leftovers.adopt()
    # What `make` was called with is not for those `make`s that tests call.
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"):
        os.environ.pop(variable, None)
    os.environ["MACHINE_LABEL"] = leftovers.LABEL
    try:
        with timed("programs of the system", times):
            need_system()
        with timed("lint", times):
            lint()
        with engine():
            leftovers.remove_containers()
            try:
                with timed("tests", times):
                    code = pytest(arguments)
            finally:
                leftovers.remove_containers()
    finally:
        leftovers.end_processes()
    say(", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items()))
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminate)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("slipway: interrupted; containers and processes of the tests are gone")
