"""The engine that all of it runs in: where none runs, as root on Debian, one that stays until `down`."""

from containers import engine
from rehearsal.checkout import Checkout
from rehearsal.state import State, save


def start(checkout: Checkout, state: State) -> str:
    """Have an engine that answers; return what was done."""
    started = engine.ensure()
    if not started:
        return "runs"
    state.engine = started
    save(checkout, state)
    return "started until `make down`"


def end(state: State) -> bool:
    """End the engine that `up` started, unless others use it; return whether."""
    return engine.end_unless_used(state.engine)
