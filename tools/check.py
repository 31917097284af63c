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
from pathlib import Path
from typing import IO, Self

from agent import process_tree
from containers import cleanup
from containers.engine import engine
from containers.labels import TESTS as LABEL
from containers.labels import VARIABLE
from tools import results
from workstation import processes, terminal
from workstation.errors import CommandError
from workstation.paths import ROOT
from workstation.terminal import log

Part = tuple[str, tuple[str, ...]]
TAKES_DOWN_WITHIN_SECONDS = 60
TESTS = ROOT / "tests"
REPORTS = ROOT / "var" / "tests"
# Those that need only Python run in two processes; those that share images and a browser in one.
UNIT = ("unit tests", ("-m", "not slow", "-n", "2"))
SLOW = ("slow tests", ("-m", "slow and not rehearsal and not long"))
# Beside both of them, because it mostly waits: for a poll, for a repair, for a release.
REHEARSAL = ("rehearsal", ("-m", "slow and rehearsal and not long"))
NOTHING_COLLECTED = 5


@contextmanager
def timed(name: str, times: dict[str, float]) -> Iterator[None]:
    """Announce a part, and keep how long it took."""
    log(f"{time.strftime('%H:%M:%S')} {name} ...")
    started = time.monotonic()
    yield
    times[name] = time.monotonic() - started


def need_system() -> None:
    """Have the system's programs that tests use."""
    needs = (ROOT / "tools" / "system.txt").read_text().split()
    if subprocess.run([ROOT / "tools" / "need.sh", *needs], check=False).returncode:
        raise CommandError("or run `make unit`: it needs nothing but Python")


def lint() -> None:
    """Run the cheap checks; a failure there ends it all."""
    if subprocess.run(["make", "lint"], check=False, cwd=ROOT).returncode:
        raise CommandError("`make lint` found something: see above")


class Terminated(KeyboardInterrupt):
    """SIGTERM came: unlike a Ctrl-C at the terminal, it came to this process alone."""


def terminate(_number: int, _frame: object) -> None:
    """Handle SIGTERM."""
    raise Terminated


class Pytest:
    """pytest under way; the end of the `with` block waits for it.

    When it is interrupted, it gets the time to take down what it set up.
    """

    def __init__(self, arguments: list[str], output: IO[str] | None = None) -> None:
        """Start it; what it prints goes to `output`, if given, instead of the terminal."""
        command = [sys.executable, "-m", "pytest", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT if output else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # Only a Ctrl-C at the terminal has reached pytest by itself.
        if error and type(error) is not KeyboardInterrupt:
            self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # `end_all` ends whatever is left
            self._process.wait(TAKES_DOWN_WITHIN_SECONDS)

    def wait(self) -> int:
        """Return pytest's exit code."""
        return self._process.wait()


def packages() -> list[str]:
    """Return what `--only` takes."""
    return sorted(path.parent.name for path in TESTS.glob("*/__init__.py"))


def parsed(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the package to check, "" for all, and the arguments for pytest. Raises CommandError for an unknown one."""
    parser = argparse.ArgumentParser(prog="make test", allow_abbrev=False, add_help=False)
    parser.add_argument("--only", default="", metavar="PACKAGE")
    options, others = parser.parse_known_args(arguments)
    if options.only and options.only not in packages():
        raise CommandError(f"--only {options.only!r}: no such package, wanted one of {', '.join(packages())}")
    return options.only, [*others, str(TESTS / options.only)] if options.only else others


def report(part: Part) -> Path:
    """Return where pytest writes the results of a part."""
    return REPORTS / f"{part[0].split()[0]}.xml"


def options(part: Part, arguments: list[str]) -> list[str]:
    """Return what pytest is called with for a part, whose results of an earlier run are gone then."""
    report(part).unlink(missing_ok=True)
    return [*part[1], f"--junitxml={report(part)}", *arguments]


def run(part: Part, arguments: list[str], times: dict[str, float]) -> int:
    """Run one part of the tests; return pytest's exit code."""
    with timed(part[0], times), Pytest(options(part, arguments)) as process:
        return process.wait()


def test(arguments: list[str], times: dict[str, float]) -> int:
    """Run the tests that need only Python, then the slow ones, the rehearsal beside them; return the exit code."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    output = REPORTS / "rehearsal.txt"
    with output.open("w") as file, Pytest(options(REHEARSAL, arguments), file) as rehearsal:
        log(f"{time.strftime('%H:%M:%S')} the rehearsal beside the rest; output in {output.relative_to(ROOT)} ...")
        codes = [run(part, arguments, times) for part in (UNIT, SLOW)]
        with timed("the rest of the rehearsal", times):
            codes.append(rehearsal.wait())
    print(output.read_text(), flush=True)
    cases = [case for part in (UNIT, SLOW, REHEARSAL) for case in results.read(report(part))]
    for line in results.lines(cases):
        log(line)
    return summed(codes)


def summed(codes: list[int]) -> int:
    """Return the exit code of all parts; arguments may well choose tests of one kind only."""
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    return failed[0] if failed else min(codes)


def checked(only: str, arguments: list[str], times: dict[str, float]) -> int:
    """Run lint and tests, and end and remove what they leave; return the exit code."""
    # Not before the engine is there: that one may have to stay for others.
    process_tree.adopt()
    cleanup.remove_leftovers_of_tests()
    try:
        if not only:
            with timed("lint", times):
                lint()
        return test(arguments, times)
    finally:
        # Processes first: one of them may be about to start a container.
        processes.end_all()
        cleanup.remove_leftovers_of_tests()


def main(arguments: list[str]) -> int:
    """Check everything; return the exit code."""
    only, others = parsed(arguments)
    times: dict[str, float] = {}
    # What `make` was called with is not for those `make`s that tests call.
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"):
        os.environ.pop(variable, None)
    os.environ[VARIABLE] = LABEL
    with timed("programs of the system", times):
        need_system()
    with engine():
        code = checked(only, others, times)
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items())
    log(f"{time.strftime('%H:%M:%S')} {took}: {sum(times.values()):.0f} s in all")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminate)
    terminal.run(
        lambda *arguments: sys.exit(main(list(arguments))),
        interrupted="interrupted; containers and processes of the tests are gone",
    )
