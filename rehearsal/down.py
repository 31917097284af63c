"""`make down`: nothing stays but caches that the next `up` is glad of."""

import shutil

import engine
import machine
from common import cache

from rehearsal import forge, power
from rehearsal import state as states
from rehearsal.docker import docker, inspect
from rehearsal.errors import Trouble
from rehearsal.place import Place
from rehearsal.progress import Progress
from rehearsal.state import State


def down(place: Place, progress: Progress) -> None:
    """Remove containers, network, volumes and files."""
    try:
        state = states.read(place)
    except Trouble:
        state = State()  # damaged: names do without it
    if engine.answers():
        with progress.step("removing host, forge, registry and network"):
            machine.remove(place.named("host"))
            for what in ("forge", "registry"):
                docker("rm", "--force", "--volumes", place.named(what))
            if inspect("network", place.named("net")) is not None:
                docker("network", "rm", place.named("net"))
        if forge.trim(place):
            progress.say(f"removed the layers in {place.layers}, which had become too many")
        if power.off(state):
            progress.say("ended the Docker Engine that `make up` started")
    if place.folder.exists():
        with progress.step(f"removing {place.folder}"):
            shutil.rmtree(place.folder)
    progress.say("MLflow's runs and models, and all releases, went with the host: the next `make up` trains version 1")
    progress.say(f"images and {cache()} stay, for the next `make up`")
