"""Following the host's agent until it has applied a commit, or says why not."""

import time
from collections.abc import Callable

from rehearsal.host import Host
from rehearsal.progress import Progress
from workstation.errors import CommandError

LOOKS_EVERY_SECONDS = 0.5
# The host looks every ten seconds.
NOTICES_WITHIN_SECONDS = 90
# A first run installs all there is.
ENDS_WITHIN_SECONDS = 900


# The agent does not try a commit in these states: waiting for it is in vain.
HOPELESS = ("refused", "misconfigured")


class Failed(CommandError):
    """The agent's reason why the commit is not applied."""


class Replaced(CommandError):
    """Somebody committed something newer meanwhile."""


def until_applied(host: Host, commit: str, progress: Progress, tip: Callable[[], str] | None = None) -> None:
    """Return when the host has applied the commit; raises Failed with its reason.

    `tip` tells where the branch is now; raises Replaced where that is not the commit any more.
    """
    began = time.monotonic()
    noticed = False
    while True:
        status, task = host.look()
        if reached(status, commit):
            return
        if tip and (newer := tip()) != commit:
            raise Replaced(f"{commit[:8]} was replaced by {newer[:8]}, a newer commit, before the host had applied it")
        if status.get("head") == commit and not status.get("running") and (reason := hopeless(status)):
            raise Failed(reason)
        noticed = noticed or status.get("attempted") == commit
        running = bool(status.get("running"))
        if noticed and not running and (reason := failure(status, commit)):
            raise Failed(reason)
        if running and task and (noticed or not status.get("applied")):
            progress.news(f"the host runs {task}" if task.startswith("role") else f"the host runs {task!r}")
        _check_time(host, time.monotonic() - began, noticed or running or not status, status)
        time.sleep(LOOKS_EVERY_SECONDS)


def reached(status: dict[str, object], commit: str) -> bool:
    """Whether the commit is applied, and whole."""
    return status.get("applied") == status.get("attempted") == commit and not status.get("failures")


def hopeless(status: dict[str, object]) -> str:
    """Return why the agent does not try what the branch says, "" where it does."""
    return f"{status['result']}: {status.get('said')}" if status.get("result") in HOPELESS else ""


def failure(status: dict[str, object], commit: str) -> str:
    """Return why the run of the commit failed, "" where it did not."""
    if status.get("attempted") == commit and status.get("failures"):
        return str(status.get("reason") or "the run failed, and says nothing more")
    return ""


def _check_time(host: Host, seconds: float, busy: bool, status: dict[str, object]) -> None:
    limit = ENDS_WITHIN_SECONDS if busy else NOTICES_WITHIN_SECONDS
    if seconds > limit:
        said = status.get("said") or "it has not said anything yet"
        raise Failed(
            f"the host has not {'done' if busy else 'begun'} it within {limit} s: {said};"
            f" `make shell`, then `journalctl -u slipway-bootstrap -u slipway-pull` tells more ({host.name})"
        )
