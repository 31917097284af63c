"""`make down`: removes what `make up` made, except caches that make the next `make up` fast."""

import shutil

from containers import cleanup
from containers.engine import answers
from rehearsal import engine, servers
from rehearsal import state as states
from rehearsal.checkout import Checkout
from rehearsal.progress import Progress
from rehearsal.state import State
from workstation.errors import CommandError
from workstation.paths import cache


def down(checkout: Checkout, progress: Progress) -> None:
    """Remove containers, network, volumes and files."""
    try:
        state = states.read(checkout)
    except CommandError:
        state = State()  # damaged, but the names of what to remove derive from the checkout's path
    if answers():
        with progress.step("removing containers, network and volumes"):
            cleanup.remove(f"name={checkout.named('')}")
        if servers.trim(checkout):
            progress.say(f"removed the registry's layers in {checkout.layers}: they took too much space")
        if engine.end(state):
            progress.say("stopped the Docker Engine that `make up` had started")
    if checkout.folder.exists():
        with progress.step(f"removing {checkout.folder}"):
            shutil.rmtree(checkout.folder)
    progress.say("MLflow's runs and models and all releases are removed too: the next `make up` trains version 1")
    progress.say(f"images and {cache()} are kept for the next `make up`")
