"""The command line of `slipway-pull`."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import AgentError, Stopped
from agent.paths import Paths
from agent.plan import Request

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from types import FrameType

EXITS = {
    "applied": 0,
    "unchanged": 0,
    "repaired": 0,
    "failed": 1,
    "waiting": 1,
    "unhealthy": 1,
    "misconfigured": 3,
    "unreachable": 5,
    "refused": 6,
}
BUSY = 4
ABOUT = "Applies the git branch that this host follows, using ansible-pull."
EPILOG = """\
exit codes of run, now and adopt:
  0  the host is in sync with its branch, and healthy
  1  the run failed, or something is unhealthy; the agent tries again by itself, and `slipway-pull status` says why
  2  the command line is wrong
  3  host.json cannot be used
  4  another run is under way
  5  the repository cannot be reached
  6  the branch was rewound, so its commit is refused
A run that gets a signal ends the processes that it started, and then ends by that signal.
status exits with 0 if the host is in sync and healthy, or a healthy host has a run under way; otherwise with 1.

files:
  /etc/slipway/host.json    the identity of this host
  /etc/slipway/pull.json    the settings of the agent
  /var/lib/slipway/         the state of the agent; metrics/ is for node_exporter
"""


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    # Everyone may read what the agent and Ansible write, whatever the caller's umask is.
    os.umask(0o022)
    try:
        # The timer starts this every minute on every host. Without argparse it costs a quarter less.
        return _run(Paths(), Request()) if arguments == ["run"] else _dispatch(arguments)
    except AgentError as error:
        print(f"slipway-pull: {error}", flush=True)
        return 1
    except Stopped as stopped:
        return _die(stopped)
    except BrokenPipeError:  # the reader of the output went away, as in `slipway-pull now | head`
        return _die(Stopped(signal.SIGPIPE))


def _dispatch(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    paths = Paths(options.config.absolute(), options.data.absolute())
    if options.command == "check":
        from agent.check import check

        check(paths)
        return 0
    if options.command == "status":
        return _status(paths, options.json)
    adopt = options.command == "adopt"
    full = options.command == "now" and options.full
    return _run(paths, Request(now=options.command == "now" or adopt, full=full, adopt=adopt))


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    parser = ArgumentParser(
        "slipway-pull", description=ABOUT, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=Paths().config,
        metavar="DIR",
        help="where host.json and pull.json are (default: %(default)s)",
    )
    parser.add_argument(
        "--data", type=Path, default=Paths().data, metavar="DIR", help="where the state is (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | now | adopt | status | check")
    commands.add_parser(
        "run",
        help="poll the branch and apply what is new; the timer runs this",
        description="Poll the branch. Apply a new commit; retry a failed one once its pause is over; run everything"
        " again from time to time, which repairs drift. Usually there is nothing to do.",
    )
    now = commands.add_parser(
        "now",
        help="like run, but retry a failed commit at once",
        description="Like run, but retry a failed commit, or a failed repair, without waiting for its pause.",
    )
    now.add_argument("--full", action="store_true", help="run all roles, even if nothing is new")
    commands.add_parser(
        "adopt",
        help="like now, but accept a branch that was rewritten on purpose",
        description="Like now, but accept a commit that does not descend from the applied one.",
    )
    status = commands.add_parser(
        "status",
        help="show whether this host is in sync and healthy, and if not, why",
        description="Show whether this host is in sync and healthy. This only reads files and changes nothing.",
    )
    commands.add_parser(
        "check",
        help="check whether this version of the agent can start here; changes nothing",
        description="Import every module and read every file that a run reads. A new version has to pass this before"
        " it is installed.",
    )
    status.add_argument("--json", action="store_true", help="print JSON; docs/agent.md explains the keys")
    return parser


def _status(paths: Paths, as_json: bool) -> int:
    from agent import status

    view = status.view(paths)
    if as_json:
        import json

        print(json.dumps(view, indent=1), flush=True)
    else:
        print("\n".join(status.lines(view)), flush=True)
    return 0 if view["state"] in status.GOOD else 1


def _run(paths: Paths, request: Request) -> int:
    from agent.lock import BusyError
    from agent.run import run

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return EXITS[run(paths, request)]
    except BusyError as error:
        print(f"slipway-pull: {error}", flush=True)
        return BUSY


def _stop(number: int, _frame: FrameType | None) -> None:
    # Ignore further signals, which would interrupt the clean-up.
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: None)
    raise Stopped(number)


def _die(stopped: Stopped) -> int:
    # Die of the signal itself, so that the caller sees what ended the run.
    signal.signal(stopped.number, signal.SIG_DFL)
    os.kill(os.getpid(), stopped.number)
    return 128 + stopped.number
