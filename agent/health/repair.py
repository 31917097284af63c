"""Repairs what fell: a run of the roles concerned, at the commit that is applied. No commit is blamed for it."""

import os
import time
from pathlib import Path

from agent.health import checks as files
from agent.health import watched
from agent.health.look import Health, look
from agent.host import Host
from agent.output import say, span
from agent.paths import Paths
from agent.plan import Wish, Work, waits
from agent.settings import Settings
from agent.state import State, Store


def keep_healthy(
    paths: Paths, host: Host, settings: Settings, store: Store, wish: Wish, done: Work | None
) -> tuple[str, str] | None:
    """Look, and repair what can be repaired now; `done` is the work of this run, if it went through.

    Return how the run ended where that has to do with health, None where all is well and nothing was done.
    """
    health = _look(paths, store, done)
    # Where host.json was changed, what is applied is another host's.
    same = host.document() == store.state.host
    work = _work(store.state, health, settings, wish) if same and not done else None
    if work:
        from agent.apply import repair

        found = health.problems
        say(f"unhealthy: {found}")
        reason = repair(paths, host, settings, store, work)
        health = _look(paths, store, None if reason else work)
        if not health.roles:
            return "repaired", f"{found}: repaired"
    if health.problems:
        return "unhealthy", health.problems + _next(store.state, health)
    return None


def _look(paths: Paths, store: Store, done: Work | None) -> Health:
    """Look, and keep what was found."""
    state = store.state
    checks, damaged = files.read(paths.health)
    looks = watched.learn(state.files, checks, paths.health, done.scope if done else ())
    for path in looks:
        if os.path.dirname(path) == str(paths.health) and (problem := watched.problem(looks, path)):
            damaged.setdefault(Path(path).stem, problem)
    health = look(checks, damaged, state.restarts, looks)
    found = {"health": health.parts, "restarts": health.restarts, "files": looks}
    if not health.roles:
        found |= {"repairs": 0, "repair_at": 0.0, "repair_reason": ""}
    if any(getattr(state, key) != value for key, value in found.items()):
        store.update(**found)
    return health


def _work(state: State, health: Health, settings: Settings, wish: Wish) -> Work | None:
    if not health.roles or not state.applied or (waits(state.repair_at, settings, time.time()) and not wish.now):
        return None
    # What the roles concerned did not repair may have its cause elsewhere. A host between two commits stays there.
    scope = None if state.repairs and state.settled else health.roles
    return Work(state.applied, scope, f"repair {state.repairs + 1}")


def _next(state: State, health: Health) -> str:
    if not state.repairs:
        return ""
    said = f", the last repair failed: {state.repair_reason}" if state.repair_reason else ""
    return f" (repair {state.repairs + 1} of {', '.join(health.roles)} in {span(state.repair_at - time.time())}{said})"
