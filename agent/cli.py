"""The command line of `slipway-pull`."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import AgentError, Stopped
from agent.paths import Paths
from agent.plan import Wish

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
ABOUT = "Makes this host what its git branch says, by ansible-pull."
EPILOG = """\
exit codes of run, now and adopt:
  0  the host is what its branch says, and works
  1  a run failed, or something does not work; it is tried again by itself, `slipway-pull status` says why
  2  the command line was not understood
  3  host.json cannot be used
  4  another run is under way
  5  the repository gave no answer
  6  the branch's commit may not be applied, because the branch was rewound
Ended by a signal, a run ends what it started and then dies of that signal.
status exits with 0 where the host is in sync and healthy, or a run is under way; else with 1.

files:
  /etc/slipway/host.json, pull.json   what this host is, how the agent behaves
  /var/lib/slipway/                   what the agent knows; metrics/ is for node_exporter
"""


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    # What the agent and Ansible write is for others to read, whatever the umask of the person who calls.
    os.umask(0o022)
    try:
        # The timer's call, every minute on every host: reading it the long way would cost a third as much again.
        return _run(Paths(), Wish()) if arguments == ["run"] else _called(arguments)
    except AgentError as error:
        print(f"slipway-pull: {error}", flush=True)
        return 1
    except Stopped as stopped:
        return _die(stopped)
    except BrokenPipeError:  # whoever read the output went away, as in `slipway-pull now | head`
        return _die(Stopped(signal.SIGPIPE))


def _called(arguments: list[str]) -> int:
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
    return _run(paths, Wish(now=options.command == "now" or adopt, full=full, adopt=adopt))


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    parser = ArgumentParser(
        "slipway-pull", description=ABOUT, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Paths().config, metavar="DIR", help="in place of %(default)s")
    parser.add_argument("--data", type=Path, default=Paths().data, metavar="DIR", help="in place of %(default)s")
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | now | adopt | status | check")
    commands.add_parser(
        "run",
        help="what the timer calls: do what there is to do",
        description="Look at the branch. A new commit is applied; a failed one is tried again when its pause is over;"
        " everything is run again from time to time, which repairs drift. Mostly there is nothing to do.",
    )
    now = commands.add_parser(
        "now",
        help="the same for a person: without waiting for a pause",
        description="Like run, in this terminal, and a failed commit is tried again at once.",
    )
    now.add_argument("--full", action="store_true", help="run everything, also where nothing is new")
    commands.add_parser(
        "adopt",
        help="the same, and accept a branch that was rewritten on purpose",
        description="Like now, and the branch's commit need not come after the one that is applied.",
    )
    status = commands.add_parser(
        "status",
        help="how this host stands to its branch, and why",
        description="Say how this host stands to its branch: from files alone, changing nothing.",
    )
    commands.add_parser(
        "check",
        help="whether this version of the agent can start here; changes nothing",
        description="Import all of the agent and read all that a run reads. Asked before a new version is installed.",
    )
    status.add_argument("--json", action="store_true", help="for programs; docs/agent.md names the keys")
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


def _run(paths: Paths, wish: Wish) -> int:
    from agent.lock import BusyError
    from agent.run import run

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return EXITS[run(paths, wish)]
    except BusyError as error:
        print(f"slipway-pull: {error}", flush=True)
        return BUSY


def _stop(number: int, _frame: FrameType | None) -> None:
    # Once: what is being cleaned up is not to be interrupted by a second signal.
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: None)
    raise Stopped(number)


def _die(stopped: Stopped) -> int:
    # As if it had not been caught: the caller sees what ended it.
    signal.signal(stopped.number, signal.SIG_DFL)
    os.kill(os.getpid(), stopped.number)
    return 128 + stopped.number
