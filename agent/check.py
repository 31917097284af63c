"""Whether this version of the agent can start on this host: asked before it is linked. Changes nothing."""

import importlib
import pkgutil
import time

import agent
from agent import host, metrics, settings, state, status
from agent.paths import Paths
from agent.plan import Wish, plan


def check(paths: Paths) -> None:
    """Import all of the agent and read all that a run reads; raises whatever would end a run."""
    for module in pkgutil.walk_packages(agent.__path__, "agent."):
        if module.name != "agent.__main__":  # which runs the agent
            importlib.import_module(module.name)
    how, known = settings.read(paths), state.read(paths.state)
    metrics.text(known)
    # A machine that has not been told yet what it is, as in Molecule, has no fault of the agent's.
    if paths.host.exists():
        plan(known, known.head, host.read(paths), how, Wish(), time.time(), lambda _old, _new: None)
        status.lines(status.view(paths))
