"""Whether this version of the agent can start on this host. The role `pull` asks before it links the version."""

import importlib
import pkgutil
import time

import agent
from agent import host as host_json
from agent import metrics, status
from agent import settings as pull_json
from agent import state as state_json
from agent.paths import Paths
from agent.plan import Request, plan


def check(paths: Paths) -> None:
    """Import every module and read every file that a run reads; raises whatever would end a run. Changes nothing."""
    for module in pkgutil.walk_packages(agent.__path__, "agent."):
        if module.name != "agent.__main__":  # its import would run the agent
            importlib.import_module(module.name)
    settings, state = pull_json.read(paths), state_json.read(paths.state)
    metrics.text(state)
    # A machine without host.json, as in Molecule, is no fault of the agent.
    if paths.host.exists():
        plan(state, state.head, host_json.read(paths), settings, Request(), time.time(), lambda _old, _new: None)
        status.lines(status.view(paths))
