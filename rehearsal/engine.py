"""The Docker Engine of a rehearsal. If none runs, root on Debian gets one that runs until `make down`."""

from containers import engine
from rehearsal.checkout import Checkout
from rehearsal.state import State, save


def start(checkout: Checkout, state: State) -> str:
    """Start an engine if none answers; return what was done."""
    started = engine.ensure()
    if not started:
        return "is running"
    state.engine = started
    save(checkout, state)
    return "started; it runs until `make down`"


def end(state: State) -> bool:
    """End the engine that `up` started, unless it is in use; return whether."""
    return engine.end_unless_used(state.engine)
