"""`make test`: lint, then all tests, the quick ones first. It leaves no process and no container behind.

make test                          everything
make test ARGS="--only agent"      the tests of one package, which is a folder of tests/
make test ARGS="-k drain"          pytest gets all other arguments
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
# Beside both of them, because it mostly waits for polls, repairs and releases.
REHEARSAL = ("rehearsal", ("-m", "slow and rehearsal and not long"))
NOTHING_COLLECTED = 5


@contextmanager
def timed(name: str, times: dict[str, float]) -> Iterator[None]:
    """Log the start of a part, and measure its time."""
    log(f"{time.strftime('%H:%M:%S')} {name} ...")
    started = time.monotonic()
    yield
    times[name] = time.monotonic() - started


def need_system() -> None:
    """Require the system's programs that tests use."""
    needs = (ROOT / "tools" / "system.txt").read_text().split()
    if subprocess.run([ROOT / "tools" / "need.sh", *needs], check=False).returncode:
        raise CommandError("install them, or run `make unit`, which needs nothing but Python")


def lint() -> None:
    """Run `make lint`; raises CommandError if it finds something."""
    if subprocess.run(["make", "lint"], check=False, cwd=ROOT).returncode:
        raise CommandError("`make lint` failed: see its output above")


class Terminated(KeyboardInterrupt):
    """SIGTERM: unlike Ctrl-C at the terminal, only this process gets it."""


def terminate(_number: int, _frame: object) -> None:
    """Handle SIGTERM."""
    raise Terminated


class Pytest:
    """A running pytest; the end of the `with` block waits for it.

    An interrupted pytest gets time to tear down its fixtures.
    """

    def __init__(self, arguments: list[str], output: IO[str] | None = None) -> None:
        """Start pytest; it prints to `output` instead of the terminal if that is set."""
        command = [sys.executable, "-m", "pytest", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT if output else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # After Ctrl-C at the terminal, pytest has the signal already.
        if error and type(error) is not KeyboardInterrupt:
            self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # `end_all` ends whatever is left
            self._process.wait(TAKES_DOWN_WITHIN_SECONDS)

    def wait(self) -> int:
        """Return pytest's exit code."""
        return self._process.wait()


def packages() -> list[str]:
    """Return the packages that `--only` accepts."""
    return sorted(path.parent.name for path in TESTS.glob("*/__init__.py"))


def parsed(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the package to check, "" for all, and the arguments for pytest. Raises CommandError for an unknown one."""
    parser = argparse.ArgumentParser(prog="make test", allow_abbrev=False, add_help=False)
    parser.add_argument("--only", default="", metavar="PACKAGE")
    options, others = parser.parse_known_args(arguments)
    if options.only and options.only not in packages():
        raise CommandError(f"--only {options.only!r}: unknown package, wanted one of {', '.join(packages())}")
    return options.only, [*others, str(TESTS / options.only)] if options.only else others


def report(part: Part) -> Path:
    """Return where pytest writes the results of a part."""
    return REPORTS / f"{part[0].split()[0]}.xml"


def options(part: Part, arguments: list[str]) -> list[str]:
    """Return pytest's arguments for a part; remove the results of an earlier run."""
    report(part).unlink(missing_ok=True)
    return [*part[1], f"--junitxml={report(part)}", *arguments]


def run(part: Part, arguments: list[str], times: dict[str, float]) -> int:
    """Run one part of the tests; return pytest's exit code."""
    with timed(part[0], times), Pytest(options(part, arguments)) as process:
        return process.wait()


def test(arguments: list[str], times: dict[str, float]) -> int:
    """Run the unit tests, then the slow tests, and the rehearsal beside both; return the exit code."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    output = REPORTS / "rehearsal.txt"
    with output.open("w") as file, Pytest(options(REHEARSAL, arguments), file) as rehearsal:
        log(f"{time.strftime('%H:%M:%S')} rehearsal in the background, its output is in {output.relative_to(ROOT)} ...")
        codes = [run(part, arguments, times) for part in (UNIT, SLOW)]
        with timed("the rest of the rehearsal", times):
            codes.append(rehearsal.wait())
    print(output.read_text(), flush=True)
    cases = [case for part in (UNIT, SLOW, REHEARSAL) for case in results.read(report(part))]
    for line in results.lines(cases):
        log(line)
    return summed(codes)


def summed(codes: list[int]) -> int:
    """Return the exit code of all parts; a part without tests is no failure unless all are."""
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    return failed[0] if failed else min(codes)


def checked(only: str, arguments: list[str], times: dict[str, float]) -> int:
    """Run lint and tests, then clean up after them; return the exit code."""
    # After the start of the engine, which must not become a child of this process: it may outlive it.
    process_tree.adopt()
    cleanup.remove_leftovers_of_tests()
    try:
        if not only:
            with timed("lint", times):
                lint()
        return test(arguments, times)
    finally:
        # Processes first: one of them might still start a container.
        processes.end_all()
        cleanup.remove_leftovers_of_tests()


def main(arguments: list[str]) -> int:
    """Run everything; return the exit code."""
    only, others = parsed(arguments)
    times: dict[str, float] = {}
    # Tests call `make` too, and must not inherit the arguments of this one.
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"):
        os.environ.pop(variable, None)
    os.environ[VARIABLE] = LABEL
    with timed("system packages", times):
        need_system()
    with engine():
        code = checked(only, others, times)
    summary = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items())
    log(f"{time.strftime('%H:%M:%S')} {summary}: {sum(times.values()):.0f} s in total")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminate)
    terminal.run(
        lambda *arguments: sys.exit(main(list(arguments))),
        interrupted="interrupted; all processes and containers of the tests are removed",
    )
