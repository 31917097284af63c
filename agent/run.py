"""One run, which the timer starts every minute. It has to be cheap when there is nothing to do, so imports are lazy."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from agent import git, lock, metrics, process, uptime
from agent import host as host_json
from agent import settings as pull_json
from agent.errors import AgentError, ConfigError, DamagedError, RemoteError, Stopped
from agent.health.repair import keep_healthy
from agent.host import Host
from agent.output import duration, log, short
from agent.paths import Paths
from agent.plan import Request, plan
from agent.settings import Settings
from agent.state import GOOD, Store

if TYPE_CHECKING:
    from agent.repository import Repository

# The launcher sets this variable to the reason why it started the previous version instead of the installed one.
FALLBACK = "SLIPWAY_PULL_FALLBACK"
# How a run ended: one of agent.state.RESULTS, and a message.
Result = tuple[str, str]


def run(paths: Paths, request: Request) -> str:
    """Apply the branch; return one of agent.state.RESULTS. Raises BusyError if another run is under way."""
    with lock.held(paths.lock) as was_killed:
        _begin(paths, was_killed)
        store, damage = Store.open(paths.state)
        if damage:
            log(damage)
        _note_fallback(store)
        try:
            result, message = _try(paths, store, request)
            _record(store, result, message)
        except Stopped as stopped:
            _record(store, "interrupted", str(stopped))
            raise
        finally:
            _write_metrics(paths, store)
        return result


def _begin(paths: Paths, was_killed: bool) -> None:
    """End the processes that a killed run left, so that they do not work beside this run."""
    if was_killed:
        from agent import process_tree

        if left := process_tree.end(lambda: process_tree.marked(paths.data)):
            log(f"the last run was killed; ended {len(left)} processes that it had left running")
    process.mark(paths.data)


def _note_fallback(store: Store) -> None:
    """Record whether this is the previous version, started because the installed one cannot start."""
    reason = os.environ.pop(FALLBACK, "")
    if reason == store.state.fallback:
        return
    if reason:
        log(f"the installed agent cannot start ({reason}): this is the previous version")
    # One full run repairs a damaged installation.
    store.update(fallback=reason, unfinished=store.state.unfinished or bool(reason))


def _try(paths: Paths, store: Store, request: Request) -> Result:
    try:
        return _follow_or_repair(paths, store, request)
    except ConfigError as error:
        return "misconfigured", str(error)
    except RemoteError as error:
        return "unreachable", str(error)
    except AgentError as error:
        return "failed", str(error)


def _follow_or_repair(paths: Paths, store: Store, request: Request) -> Result:
    """Follow the branch; if the repository on the host is damaged, fetch it again first."""
    try:
        return _follow(paths, store, request)
    except DamagedError as error:
        from agent.repository import APPLIED, ATTEMPTED

        log(f"{error}; fetching it again")
        host, settings = host_json.read(paths), pull_json.read(paths)
        marks = {APPLIED: store.state.applied, ATTEMPTED: store.state.attempted}
        _repository(paths, settings).rebuild(host.repository, host.branch, marks)
        return _follow(paths, store, request._replace(now=True))


def _follow(paths: Paths, store: Store, request: Request) -> Result:
    host, settings = host_json.read(paths), pull_json.read(paths)
    _recover(paths, store, settings)
    target, problem = _target(paths, store, host, settings, request)

    def changed(old: str, new: str) -> list[str] | None:
        return _repository(paths, settings).changed(old, new)

    work = plan(store.state, target, host, settings, request, time.time(), changed)
    if work:
        from agent.apply import apply

        if reason := apply(paths, host, settings, _repository(paths, settings), store, work):
            return "failed", _failed(store, reason)
    health = keep_healthy(paths, host, settings, store, request, work)
    if problem:
        return problem
    if not store.state.settled:
        return "waiting", _failed(store, store.state.reason)
    if health:
        return health
    if work:
        return "applied", f"{short(target)} is applied"
    return "unchanged", f"nothing new; {short(target)} is applied"


def _recover(paths: Paths, store: Store, settings: Settings) -> None:
    """If the state is lost, read from the repository what was applied, so that a rewound branch is still refused."""
    if not store.state.applied and paths.repository.exists():
        from agent.repository import APPLIED

        applied = _repository(paths, settings).marked(APPLIED)
        if applied:
            log(f"{paths.state} does not say what is applied; according to the repository it is {short(applied)}")
            store.update(applied=applied)


def _target(paths: Paths, store: Store, host: Host, settings: Settings, request: Request) -> tuple[str, Result | None]:
    """Return the commit that this host should be at, and the problem if that is not the branch's own."""
    from agent.accept import is_new_history, refusal

    moved = is_new_history(store.state, host)
    try:
        head = _head(paths, store, host, settings)
    except RemoteError as error:
        # Never apply a commit of the previous branch under the new host.json.
        return "" if moved else store.state.attempted, ("unreachable", str(error))
    if head != store.state.head:
        store.update(head=head)
    if head == store.state.attempted:  # it was accepted when it came
        return head, None
    repository = _repository(paths, settings)
    refused = refusal(repository, store.state, host, head)
    if refused and (moved or request.adopt):
        _adopt(repository, store, host, head)
        return head, None
    return (store.state.applied, ("refused", refused)) if refused else (head, None)


def _adopt(repository: Repository, store: Store, host: Host, head: str) -> None:
    from agent.repository import APPLIED

    log(
        f"starting a new history at {short(head)}, branch {host.branch} of {host.repository};"
        f" before, {short(store.state.applied)} was applied"
    )
    # Unmark first: a run without a commit in its state takes the one that the repository marks.
    repository.unmark(APPLIED)
    store.update(applied="", applied_at=0)


def _head(paths: Paths, store: Store, host: Host, settings: Settings) -> str:
    """Return the branch's commit, after fetching it if it is new; raises RemoteError."""
    head = git.remote_head(host.repository, host.branch, settings.remote_limit_seconds)
    if head == store.state.attempted or _repository(paths, settings).has(head):
        return head
    return _repository(paths, settings).fetch(host.repository, host.branch)


def _repository(paths: Paths, settings: Settings) -> Repository:
    from agent.repository import Repository

    return Repository(paths.repository, settings.remote_limit_seconds)


def _failed(store: Store, reason: str) -> str:
    state = store.state
    retry = f"attempt {state.failures + 1} in {duration(state.retry_at - time.time())}"
    applied = (
        "is applied, but a later run at this commit failed" if state.attempted == state.applied else "is not applied"
    )
    return f"{short(state.attempted)} {applied}: {reason} ({retry})"


def _record(store: Store, result: str, message: str) -> None:
    now, state = time.time(), store.state
    runs = state.runs | {result: state.runs.get(result, 0) + 1}
    success_at = now if result in GOOD else state.success_at
    log(f"{result}: {message}")
    # The uptime too, so that the age of the last run does not depend on a clock that somebody sets.
    up = {"result_boot": uptime.boot(), "result_uptime": uptime.seconds()}
    store.update(result=result, said=message, result_at=now, runs=runs, success_at=success_at, **up)


def _write_metrics(paths: Paths, store: Store) -> None:
    try:
        metrics.write(paths.metrics, store.state)
    except OSError as error:
        # The run itself succeeded or failed regardless; monitoring sees that the metrics no longer change.
        log(f"{paths.metrics}: cannot be written ({error.strerror})")
