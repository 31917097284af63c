"""What stands in for a team's git server and registry: two containers on the rehearsal's network."""

import os
import shutil
from pathlib import Path

import machine
import registry

from rehearsal.docker import docker, inspect, is_running
from rehearsal.place import FORGE, REGISTRY, Place
from rehearsal.ports import HOST, choose
from rehearsal.state import State, keep

# Of layers, some of which no image has any more: twenty times what all images of one checkout take.
MOST_BYTES = 8 * 10**9
CONFIGURATION = Path(__file__).with_name("registry.yml")
# In the container.
REPOSITORY, LAYERS = "/srv/slipway.git", "/var/lib/registry"


def repository() -> str:
    """Return the address that the host clones."""
    return f"git://{FORGE}/{Path(REPOSITORY).name}"


def up(place: Place, state: State) -> list[str]:
    """Have network, git and registry; return what had to be started."""
    if inspect("network", place.named("net")) is None:
        docker("network", "create", "--label", machine.label(), place.named("net"))
    started = []
    if not is_running(place.named("forge")):
        _git(place, state)
        started.append("git")
    if not is_running(place.named("registry")):
        _registry(place, state)
        started.append("registry")
    registry.await_answer(f"{HOST}:{state.registry}")
    return started


def trim(place: Place) -> bool:
    """Remove the layers where they have become many and no registry of any checkout uses them; return whether."""
    if not place.layers.exists() or docker("ps", "--all", "--quiet", "--filter", f"volume={place.layers}"):
        return False
    size = sum(path.stat().st_size for path in place.layers.rglob("*") if path.is_file())
    if size <= MOST_BYTES:
        return False
    shutil.rmtree(place.layers)
    return True


def _git(place: Place, state: State) -> None:
    base = str(Path(REPOSITORY).parent)
    mount = f"type=bind,source={place.remote},target={REPOSITORY},readonly"
    serve = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={base}", REPOSITORY]
    _run(place, state, "forge", FORGE, ["--mount", mount], serve)


def _registry(place: Place, state: State) -> None:
    # Made here, so that it belongs to this user.
    place.layers.mkdir(exist_ok=True)
    state.registry = choose(state.registry or place.first_port(), {state.https})
    keep(place, state)
    name, port = REGISTRY.split(":")
    options = [
        *("--publish", f"{HOST}:{state.registry}:{port}"),
        *("--mount", f"type=bind,source={place.layers},target={LAYERS}"),
        *("--mount", f"type=bind,source={CONFIGURATION},target=/etc/registry.yml,readonly"),
    ]
    _run(place, state, "registry", name, options, ["docker-registry", "serve", "/etc/registry.yml"])


def _run(place: Place, state: State, what: str, alias: str, options: list[str], command: list[str]) -> None:
    name = place.named(what)
    if inspect("container", name) is not None:
        docker("rm", "--force", name)  # it stopped: made anew it has the ports and folders of now
    # As this user: what they write is ours to remove, and git reads a repository only for whom it belongs to.
    own = ["--detach", "--init", "--name", name, "--label", machine.label(), "--user", f"{os.getuid()}:{os.getgid()}"]
    network = ["--network", place.named("net"), "--network-alias", alias]
    hardened = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--restart=unless-stopped"]
    docker("run", *own, *network, *hardened, *options, state.images["host"], *command)
