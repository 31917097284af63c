"""The engine that all of it runs in: where none runs, as root on Debian, one that stays until `down`."""

import engine

from rehearsal.place import Place
from rehearsal.state import State, keep


def on(place: Place, state: State) -> str:
    """Have an engine that answers; return what was done."""
    started = engine.ensure()
    if not started:
        return "runs"
    state.engine = started
    keep(place, state)
    return "started until `make down`"


def off(state: State) -> bool:
    """End the engine that `up` started, unless others use it; return whether."""
    return engine.end_unless_used(state.engine)
