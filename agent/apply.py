"""One attempt at a commit. The state records the attempt before it begins.

Everything that is needed after the run is imported before it, because the run may replace the agent's own files.
"""

import random
import time
from typing import Any

from agent import playbook
from agent.errors import AgentError, DamagedError, Stopped
from agent.host import Host
from agent.output import log, short
from agent.paths import Paths
from agent.plan import Work
from agent.repository import APPLIED, ATTEMPTED, Repository
from agent.settings import Settings
from agent.state import CUT_OFF, State, Store

# What the state records about an attempt. A repair is not an attempt and restores these values afterwards.
COMMITS = ("attempted", "attempted_at", "failures", "retry_at", "reason", "unfinished", "host")


def apply(paths: Paths, host: Host, settings: Settings, repository: Repository, store: Store, work: Work) -> str:
    """Do the work; return why it failed, "" if it succeeded."""
    before = store.state
    _record_attempt(host, settings, store, work)
    try:
        outcome = _run(paths, host, settings, repository, before, work)
    except DamagedError as error:
        store.update(retry_at=0, reason=str(error))
        raise
    except AgentError as error:
        outcome = playbook.Outcome(str(error), 0)
    except Stopped as stopped:
        # Not the commit's fault: it does not count as a failure, and the next run does not wait.
        store.update(
            failures=before.failures if work.commit == before.attempted else 0, retry_at=0, reason=str(stopped)
        )
        raise
    _record_outcome(settings, store, work, outcome)
    return outcome.reason


def repair(paths: Paths, host: Host, settings: Settings, store: Store, work: Work) -> str:
    """Run the roles to repair, at the applied commit; return why that failed, "" if it succeeded."""
    before, repository = store.state, Repository(paths.repository, settings.remote_limit_seconds)
    repairs = before.repairs + 1
    store.update(repairs=repairs, repair_at=time.time() + delay(settings, repairs))
    # If it is cut off, it counts as an unfinished attempt, and the next run runs everything.
    _record_attempt(host, settings, store, work)
    kept = {key: getattr(before, key) for key in COMMITS}
    try:
        outcome = _run(paths, host, settings, repository, before, work)
    except DamagedError:
        store.update(**kept)
        raise
    except AgentError as error:
        outcome = playbook.Outcome(str(error), 0)
    except Stopped as stopped:
        store.update(failures=before.failures, retry_at=0, reason=str(stopped))
        raise
    store.update(**kept, **_ran(work, outcome), repair_reason=outcome.reason)
    return outcome.reason


def delay(settings: Settings, failures: int) -> float:
    """Return the seconds until the next attempt: twice the last pause, with a random part that differs per host."""
    pause = settings.retry_first_seconds * 2.0 ** min(failures - 1, 30)
    return min(settings.retry_most_seconds, pause) * random.uniform(0.75, 1)  # noqa: S311  # spreads load, no secret


def _run(
    paths: Paths, host: Host, settings: Settings, repository: Repository, before: State, work: Work
) -> playbook.Outcome:
    if not repository.has(work.commit):
        repository.fetch(host.repository, host.branch)
    repository.mark(ATTEMPTED, work.commit)
    outcome = playbook.Outcome("", 0)
    previous = f", previously {short(before.applied)}" if before.applied not in ("", work.commit) else ""
    roles = "all roles" if work.scope is None else ", ".join(work.scope) or "no role of this host"
    log(f"applying {short(work.commit)}{previous} ({work.why}): {roles}")
    if work.scope != ():
        limit = settings.run_limit_seconds
        outcome = playbook.run(paths, host, work, limit=limit, unfinished=not before.settled)
        if outcome.reason and not outcome.began and not repository.is_whole():
            raise DamagedError(f"{repository.path}: the repository is damaged ({outcome.reason})")
    if not outcome.reason:
        repository.mark(APPLIED, work.commit)
    return outcome


def _record_attempt(host: Host, settings: Settings, store: Store, work: Work) -> None:
    # Counted as a failure in advance: a run that is cut off cannot record that, and must not be repeated at once.
    failures = store.state.failures + 1 if work.commit == store.state.attempted else 1
    now = time.time()
    store.update(
        attempted=work.commit,
        attempted_at=now,
        failures=failures,
        retry_at=now + delay(settings, failures),
        reason=CUT_OFF,
        unfinished=True,
        host=host.as_json(),
    )


def _ran(work: Work, outcome: playbook.Outcome) -> dict[str, Any]:
    return {"seconds": outcome.seconds, "scope": work.scope or (), "roles": outcome.roles} if outcome.seconds else {}


def _record_outcome(settings: Settings, store: Store, work: Work, outcome: playbook.Outcome) -> None:
    now, state = time.time(), store.state
    ran = _ran(work, outcome)
    if outcome.reason:
        store.update(retry_at=now + delay(settings, state.failures), reason=outcome.reason, **ran)
        return
    store.update(
        applied=work.commit,
        applied_at=state.applied_at if state.applied == work.commit else now,
        failures=0,
        retry_at=0,
        reason="",
        unfinished=False,
        full_at=now if work.scope is None else state.full_at,
        **ran,
    )
