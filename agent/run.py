"""One run: what the timer calls every minute. Nothing to do has to cost next to nothing: imports come when needed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from agent import git, host, lock, metrics, process, settings, uptime
from agent.errors import AgentError, ConfigError, DamagedError, RemoteError, Stopped
from agent.health.repair import keep_healthy
from agent.host import Host
from agent.output import say, short, span
from agent.paths import Paths
from agent.plan import Wish, plan
from agent.settings import Settings
from agent.state import GOOD, Store

if TYPE_CHECKING:
    from agent.repository import Repository

# The launcher says by it why it started the version before the installed one.
FALLBACK = "SLIPWAY_PULL_FALLBACK"
# How a run ended, a name out of agent.state.RESULTS, and the sentence about it.
Result = tuple[str, str]


def run(paths: Paths, wish: Wish) -> str:
    """Make the host what its branch says; return how that ended. Raises BusyError where another run is under way."""
    with lock.held(paths.lock) as was_killed:
        _begin(paths, was_killed)
        store, damage = Store.open(paths.state)
        if damage:
            say(damage)
        _note_fallback(store)
        try:
            result, said = _try(paths, store, wish)
            _record(store, result, said)
        except Stopped as stopped:
            _record(store, "interrupted", str(stopped))
            raise
        finally:
            _write_metrics(paths, store)
        return result


def _begin(paths: Paths, was_killed: bool) -> None:
    """End what a run that was killed left running, before it and this run work at the same time."""
    if was_killed:
        from agent import process_tree

        if left := process_tree.end(lambda: process_tree.marked(paths.data)):
            say(f"the last run was killed; ended {len(left)} processes that it had left running")
    process.mark(paths.data)


def _note_fallback(store: Store) -> None:
    """Keep in the state whether this is the version before the installed one, which could not start."""
    reason = os.environ.pop(FALLBACK, "")
    if reason == store.state.fallback:
        return
    if reason:
        say(f"the installed agent cannot start ({reason}): this is the version before it")
    # All is run once, which repairs an installation that is damaged.
    store.update(fallback=reason, unfinished=store.state.unfinished or bool(reason))


def _try(paths: Paths, store: Store, wish: Wish) -> Result:
    try:
        return _follow_mended(paths, store, wish)
    except ConfigError as error:
        return "misconfigured", str(error)
    except RemoteError as error:
        return "unreachable", str(error)
    except AgentError as error:
        return "failed", str(error)


def _follow_mended(paths: Paths, store: Store, wish: Wish) -> Result:
    """Follow the branch; where the repository on the host is damaged, fetch it anew and go on."""
    try:
        return _follow(paths, store, wish)
    except DamagedError as error:
        from agent.repository import APPLIED, ATTEMPTED

        say(f"{error}; fetching it anew")
        this, how = host.read(paths), settings.read(paths)
        marks = {APPLIED: store.state.applied, ATTEMPTED: store.state.attempted}
        _repository(paths, how).rebuild(this.repository, this.branch, marks)
        return _follow(paths, store, wish._replace(now=True))


def _follow(paths: Paths, store: Store, wish: Wish) -> Result:
    this, how = host.read(paths), settings.read(paths)
    _recover(paths, store, how)
    target, problem = _target(paths, store, this, how, wish)

    def changed(old: str, new: str) -> list[str] | None:
        return _repository(paths, how).changed(old, new)

    work = plan(store.state, target, this, how, wish, time.time(), changed)
    if work:
        from agent.apply import apply

        if reason := apply(paths, this, how, _repository(paths, how), store, work):
            return "failed", _failed(store, reason)
    health = keep_healthy(paths, this, how, store, wish, work)
    if problem:
        return problem
    if not store.state.settled:
        return "waiting", _failed(store, store.state.reason)
    if health:
        return health
    return (
        ("applied", f"{short(target)} is applied")
        if work
        else ("unchanged", f"nothing new, {short(target)} is applied")
    )


def _recover(paths: Paths, store: Store, how: Settings) -> None:
    """Where the state is lost, take from the repository what was applied, so that it still refuses a rewound branch."""
    if not store.state.applied and paths.repository.exists():
        from agent.repository import APPLIED

        applied = _repository(paths, how).marked(APPLIED)
        if applied:
            say(f"{paths.state} does not say what is applied; the repository says {short(applied)}")
            store.update(applied=applied)


def _target(paths: Paths, store: Store, this: Host, how: Settings, wish: Wish) -> tuple[str, Result | None]:
    """Return the commit to be at, and the problem where that is not the branch's own."""
    from agent.accept import is_new_history, refusal

    moved = is_new_history(store.state, this)
    try:
        head = _head(paths, store, this, how)
    except RemoteError as error:
        # A commit of the branch before is never run as what host.json says now.
        return "" if moved else store.state.attempted, ("unreachable", str(error))
    if head != store.state.head:
        store.update(head=head)
    if head == store.state.attempted:  # looked at when it came
        return head, None
    repository = _repository(paths, how)
    refused = refusal(repository, store.state, this, head)
    if refused and (moved or wish.adopt):
        _adopt(repository, store, this, head)
        return head, None
    return (store.state.applied, ("refused", refused)) if refused else (head, None)


def _adopt(repository: Repository, store: Store, this: Host, head: str) -> None:
    from agent.repository import APPLIED

    say(
        f"a new history begins with {short(head)}, branch {this.branch} of {this.repository}:"
        f" it need not come after {short(store.state.applied)}, which was applied before"
    )
    # In this order: what the repository has as applied is taken up again where the state has nothing.
    repository.unmark(APPLIED)
    store.update(applied="", applied_at=0)


def _head(paths: Paths, store: Store, this: Host, how: Settings) -> str:
    """Return the branch's commit, which is then in the repository; raises RemoteError."""
    head = git.remote_head(this.repository, this.branch, how.remote_limit_seconds)
    if head == store.state.attempted or _repository(paths, how).has(head):
        return head
    return _repository(paths, how).fetch(this.repository, this.branch)


def _repository(paths: Paths, how: Settings) -> Repository:
    from agent.repository import Repository

    return Repository(paths.repository, how.remote_limit_seconds)


def _failed(store: Store, reason: str) -> str:
    state = store.state
    again = f"attempt {state.failures + 1} in {span(state.retry_at - time.time())}"
    stands = "is applied, but could not be applied again" if state.attempted == state.applied else "is not applied"
    return f"{short(state.attempted)} {stands}: {reason} ({again})"


def _record(store: Store, result: str, said: str) -> None:
    now, state = time.time(), store.state
    runs = state.runs | {result: state.runs.get(result, 0) + 1}
    success_at = now if result in GOOD else state.success_at
    say(f"{result}: {said}")
    # By the machine's uptime too: how long ago this was must not depend on a clock that somebody sets.
    up = {"result_boot": uptime.boot(), "result_uptime": uptime.seconds()}
    store.update(result=result, said=said, result_at=now, runs=runs, success_at=success_at, **up)


def _write_metrics(paths: Paths, store: Store) -> None:
    try:
        metrics.write(paths.metrics, store.state)
    except OSError as error:
        # The run itself is not worse for it, and whoever watches sees that the numbers stand still.
        say(f"{paths.metrics}: cannot be written ({error.strerror})")
