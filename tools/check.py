"""All that can be checked, cheapest first: `make test`. However it ends, what it started does not stay behind.

make test                          everything
make test ARGS="--only agent"      the tests of one package: a folder of tests/
make test ARGS="-k drain"          other arguments go to pytest
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import leftovers
import results
from common import ROOT, say
from engine import engine

TAKES_DOWN_WITHIN_SECONDS = 60
TESTS = ROOT / "tests"
REPORTS = ROOT / "var" / "tests"
# Those that need only Python run side by side; the others share hosts, images and a browser in one process.
UNIT = ("unit tests", ("-m", "not slow", "-n", "2"))
SLOW = ("slow tests", ("-m", "slow and not long"))
NOTHING_COLLECTED = 5


@contextmanager
def timed(name: str, times: dict[str, float]) -> Iterator[None]:
    """Announce a part, and keep how long it took."""
    say(f"{time.strftime('%H:%M:%S')} {name} ...")
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
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=ROOT)
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, Terminated):
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # whatever is left is ended with the other leftovers
            process.wait(TAKES_DOWN_WITHIN_SECONDS)
        raise


def packages() -> list[str]:
    """Return what `--only` takes."""
    return sorted(path.parent.name for path in TESTS.glob("*/__init__.py"))


def parsed(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the package to check, "" for all, and the arguments for pytest. Raises SystemExit for an unknown one."""
    parser = argparse.ArgumentParser(prog="make test", allow_abbrev=False, add_help=False)
    parser.add_argument("--only", default="", metavar="PACKAGE")
    options, others = parser.parse_known_args(arguments)
    if options.only and options.only not in packages():
        raise SystemExit(f"slipway: --only {options.only!r}: no such package, wanted one of {', '.join(packages())}")
    return options.only, [*others, str(TESTS / options.only)] if options.only else others


def test(arguments: list[str], times: dict[str, float]) -> int:
    """Run the tests that need only Python, then the others, and sum them up; return the exit code."""
    codes, cases = [], []
    for name, options in (UNIT, SLOW):
        report = REPORTS / f"{name.split()[0]}.xml"
        report.unlink(missing_ok=True)
        with timed(name, times):
            codes.append(pytest([*options, f"--junitxml={report}", *arguments]))
        cases += results.read(report)
    for line in results.lines(cases):
        say(line)
    # Arguments may well choose tests of one kind only.
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    return failed[0] if failed else min(codes)


def checked(only: str, arguments: list[str], times: dict[str, float]) -> int:
    """Run lint and tests, and end and remove what they leave; return the exit code."""
    # Not before the engine is there: that one may have to stay for others.
    leftovers.adopt()
    leftovers.remove_containers()
    try:
        if not only:
            with timed("lint", times):
                lint()
        return test(arguments, times)
    finally:
        # Processes first: one of them may be about to start a container.
        leftovers.end_processes()
        leftovers.remove_containers()


def main(arguments: list[str]) -> int:
    """Check everything; return the exit code."""
    only, others = parsed(arguments)
    times: dict[str, float] = {}
    # What `make` was called with is not for those `make`s that tests call.
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"):
        os.environ.pop(variable, None)
    os.environ["MACHINE_LABEL"] = leftovers.LABEL
    with timed("programs of the system", times):
        need_system()
    with engine():
        code = checked(only, others, times)
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items())
    say(f"{time.strftime('%H:%M:%S')} {took}: {sum(times.values()):.0f} s in all")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminate)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("slipway: interrupted; containers and processes of the tests are gone")
