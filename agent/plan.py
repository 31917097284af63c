"""What a run has to do. It is decided from the state alone, so that a test can try every case."""

from collections.abc import Callable
from typing import NamedTuple

from agent import scope
from agent.host import Host
from agent.settings import Settings
from agent.state import State

# Returns the paths that differ between two commits, None if git cannot tell.
Changed = Callable[[str, str], list[str] | None]


class Work(NamedTuple):
    """Run `commit`. `scope` are the roles to run, None for everything; `gentle` means at low priority."""

    commit: str
    scope: tuple[str, ...] | None
    why: str
    gentle: bool = False


class Request(NamedTuple):
    """What the caller asked for: to skip the pause (now), run everything (full), accept a rewritten branch (adopt)."""

    now: bool = False
    full: bool = False
    adopt: bool = False


def plan(
    state: State, target: str, host: Host, settings: Settings, request: Request, clock: float, changed: Changed
) -> Work | None:
    """Return the work to bring a host to `target`, None if there is none. `target` is an accepted commit, or ""."""
    if not target:
        return None
    moved = host.as_json() != state.host
    if target != state.attempted:
        full = not state.settled or not state.applied or moved or request.full or _is_due(state, settings, clock)
        return Work(target, None if full else _scope(state, target, host, changed), "new commit")
    if not state.settled:
        if not (request.now or moved) and waits(state.retry_at, settings, clock):
            return None
        return Work(target, None, f"attempt {state.failures + 1}")
    if moved or request.full:
        return Work(target, None, "host.json changed" if moved else "requested")
    return Work(target, None, "full check", gentle=True) if _is_due(state, settings, clock) else None


def _is_due(state: State, settings: Settings, clock: float) -> bool:
    """Whether everything has to run again, to repair drift."""
    # A time in the future means that the clock was set back since.
    return not 0 <= clock - state.full_at < settings.full_check_seconds


def _scope(state: State, target: str, host: Host, changed: Changed) -> tuple[str, ...] | None:
    paths = changed(state.applied, target)
    return None if paths is None else scope.of(paths, host.environment)


def waits(until: float, settings: Settings, clock: float) -> bool:
    """Whether a pause is not over yet. If the clock was set back, it never lasts longer than the longest pause."""
    return clock < until <= clock + settings.retry_most_seconds
