"""Waiting until the host's agent has applied a commit, or says why it cannot."""

import time
from collections.abc import Callable

from rehearsal.host import Host
from rehearsal.progress import Progress
from workstation.errors import CommandError

POLL_SECONDS = 0.5
# The host polls its branch every ten seconds.
NOTICES_WITHIN_SECONDS = 90
# The first run installs everything.
ENDS_WITHIN_SECONDS = 900
# The agent never tries a commit in these states, so waiting is useless.
REFUSALS = ("refused", "misconfigured")


class Failed(CommandError):
    """The agent's reason why the commit is not applied."""


class Superseded(CommandError):
    """Somebody pushed a newer commit in the meantime."""


def until_applied(host: Host, commit: str, progress: Progress, tip: Callable[[], str] | None = None) -> None:
    """Return when the host has applied the commit; raises Failed with the agent's reason.

    `tip` returns the branch's newest commit; raises Superseded if that is not `commit` any more.
    """
    started = time.monotonic()
    noticed = False
    while True:
        status, task = host.agent_status()
        if is_applied(status, commit):
            return
        if tip and (newer := tip()) != commit:
            raise Superseded(f"commit {newer[:8]} replaced {commit[:8]} before the host had applied it")
        if status.get("head") == commit and not status.get("running") and (reason := refusal(status)):
            raise Failed(reason)
        noticed = noticed or status.get("attempted") == commit
        running = bool(status.get("running"))
        if noticed and not running and (reason := failure(status, commit)):
            raise Failed(reason)
        if running and task and (noticed or not status.get("applied")):
            progress.news(f"the host runs {task}" if task.startswith("role") else f"the host runs {task!r}")
        _check_time(host, time.monotonic() - started, noticed or running or not status, status)
        time.sleep(POLL_SECONDS)


def is_applied(status: dict[str, object], commit: str) -> bool:
    """Whether the agent has applied the commit completely."""
    return status.get("applied") == status.get("attempted") == commit and not status.get("failures")


def refusal(status: dict[str, object]) -> str:
    """Return why the agent refuses to try its branch, "" where it does not refuse."""
    return f"{status['result']}: {status.get('said')}" if status.get("result") in REFUSALS else ""


def failure(status: dict[str, object], commit: str) -> str:
    """Return why the agent's run of the commit failed, "" where it did not."""
    if status.get("attempted") == commit and status.get("failures"):
        return str(status.get("reason") or "the run failed without a reason")
    return ""


def _check_time(host: Host, seconds: float, started: bool, status: dict[str, object]) -> None:
    limit = ENDS_WITHIN_SECONDS if started else NOTICES_WITHIN_SECONDS
    if seconds > limit:
        message = status.get("said") or "the agent has not reported anything yet"
        raise Failed(
            f"the host has not {'finished' if started else 'started'} within {limit} s: {message}. Run `make shell`,"
            f" then `journalctl -u slipway-bootstrap -u slipway-pull` ({host.name})"
        )
