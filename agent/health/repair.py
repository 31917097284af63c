"""Checks this host and repairs it: a run of the roles concerned, which does not count as a failure of the commit."""

import os
import time
from pathlib import Path

from agent.health import checks as check_files
from agent.health import fingerprints
from agent.health.probe import Health, probe
from agent.host import Host
from agent.output import duration, log
from agent.paths import Paths
from agent.plan import Request, Work, waits
from agent.settings import Settings
from agent.state import State, Store


def keep_healthy(
    paths: Paths, host: Host, settings: Settings, store: Store, request: Request, done: Work | None
) -> tuple[str, str] | None:
    """Check this host, and repair what can be repaired now. `done` is the work of this run, if there was any.

    Return the result and the message of the run if they are about health, None if nothing is wrong.
    """
    health = _probe(paths, store, done)
    # After a change of host.json, the applied commit is that of another identity.
    unchanged = host.as_json() == store.state.host
    work = _work(store.state, health, settings, request) if unchanged and not done else None
    if work:
        from agent.apply import repair

        problems = health.problems
        log(f"unhealthy: {problems}")
        reason = repair(paths, host, settings, store, work)
        health = _probe(paths, store, None if reason else work)
        if not health.roles:
            return "repaired", f"{problems}; works again"
    if health.problems:
        return "unhealthy", health.problems + _next(store.state, health)
    return None


def _probe(paths: Paths, store: Store, done: Work | None) -> Health:
    """Check this host, and record the result in the state."""
    state = store.state
    checks, damaged = check_files.read(paths.health)
    known = fingerprints.learn(state.files, checks, paths.health, done.scope if done else ())
    for path in known:
        if os.path.dirname(path) == str(paths.health) and (problem := fingerprints.problem(known, path)):
            damaged.setdefault(Path(path).stem, problem)
    # After a run, everything is checked.
    health = probe(checks, damaged, state.restarts, known, 0 if done else state.handshake_at)
    found = {"health": health.parts, "restarts": health.restarts, "files": known, "handshake_at": health.handshake_at}
    if not health.roles:
        found |= {"repairs": 0, "repair_at": 0.0, "repair_reason": ""}
    if any(getattr(state, key) != value for key, value in found.items()):
        store.update(**found)
    return health


def _work(state: State, health: Health, settings: Settings, request: Request) -> Work | None:
    if not health.roles or not state.applied or (waits(state.repair_at, settings, time.time()) and not request.now):
        return None
    # If the roles concerned did not help, the cause may be in another role: run all. Not between two commits, though.
    scope = None if state.repairs and state.settled else health.roles
    return Work(state.applied, scope, f"repair {state.repairs + 1}")


def _next(state: State, health: Health) -> str:
    if not state.repairs:
        return ""
    why = f"; the last repair failed: {state.repair_reason}" if state.repair_reason else ""
    return (
        f" (repair {state.repairs + 1} of {', '.join(health.roles)} in {duration(state.repair_at - time.time())}{why})"
    )
