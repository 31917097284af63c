"""What one run has to do: decided from the state alone, so that every case can be looked at."""

from collections.abc import Callable
from typing import NamedTuple

from agent import scope
from agent.host import Host
from agent.settings import Settings
from agent.state import State

# Tells the paths that differ between two commits, None where that cannot be told.
Changed = Callable[[str, str], list[str] | None]


class Work(NamedTuple):
    """Run `commit`; `scope` are the roles it is limited to, None is everything; gentle is at low priority."""

    commit: str
    scope: tuple[str, ...] | None
    why: str
    gentle: bool = False


class Wish(NamedTuple):
    """What the caller asked for: to try now what waits, to run everything, to accept a rewritten branch."""

    now: bool = False
    full: bool = False
    adopt: bool = False


def plan(
    state: State, target: str, host: Host, settings: Settings, wish: Wish, clock: float, changed: Changed
) -> Work | None:
    """Return the work there is for a host that should be at `target`, a commit that may be applied, or "" for none."""
    if not target:
        return None
    moved = host.document() != state.host
    if target != state.attempted:
        whole = state.settled and state.applied and not moved and not wish.full and not _is_due(state, settings, clock)
        return Work(target, _limited(state, target, host, changed) if whole else None, "new commit")
    if not state.settled:
        if not (wish.now or moved) and waits(state.retry_at, settings, clock):
            return None
        return Work(target, None, f"attempt {state.failures + 1}")
    if moved or wish.full:
        return Work(target, None, "host.json changed" if moved else "asked for")
    return Work(target, None, "full check", gentle=True) if _is_due(state, settings, clock) else None


def _is_due(state: State, settings: Settings, clock: float) -> bool:
    """Whether everything has to be run again, to repair what drifted."""
    # A time in the future is one of a clock that has since been put back.
    return not 0 <= clock - state.full_at < settings.full_check_seconds


def _limited(state: State, target: str, host: Host, changed: Changed) -> tuple[str, ...] | None:
    paths = changed(state.applied, target)
    return None if paths is None else scope.of(paths, host.environment)


def waits(until: float, settings: Settings, clock: float) -> bool:
    """Whether a pause lasts: never longer than the longest, also when the clock was put back."""
    return clock < until <= clock + settings.retry_most_seconds
