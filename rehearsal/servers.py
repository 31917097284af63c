"""What stands in for a team's git server and registry: two containers on the rehearsal's network."""

import os
import shutil
from pathlib import Path

from containers import registry
from containers.docker import docker, inspect, is_running
from containers.labels import label
from rehearsal.checkout import GIT_SERVER, REGISTRY, Checkout
from rehearsal.state import State, save
from workstation.ports import HOST, choose

# Of layers, some of which no image has any more: twenty times what all images of one checkout take.
MOST_BYTES = 8 * 10**9
# In the container.
REPOSITORY, LAYERS = "/srv/slipway.git", "/var/lib/registry"


def repository() -> str:
    """Return the address that the host clones."""
    return f"git://{GIT_SERVER}/{Path(REPOSITORY).name}"


def start(checkout: Checkout, state: State) -> list[str]:
    """Have network, git and registry; return what had to be started."""
    if inspect("network", checkout.named("net")) is None:
        docker("network", "create", "--label", label(), checkout.named("net"))
    started = []
    if not is_running(checkout.named("git-server")):
        _git(checkout, state)
        started.append("git")
    if not is_running(checkout.named("registry")):
        _registry(checkout, state)
        started.append("registry")
    registry.await_answer(f"{HOST}:{state.registry}")
    return started


def trim(checkout: Checkout) -> bool:
    """Remove the layers where they have become many and no registry of any checkout uses them; return whether."""
    if not checkout.layers.exists() or docker("ps", "--all", "--quiet", "--filter", f"volume={checkout.layers}"):
        return False
    size = sum(path.stat().st_size for path in checkout.layers.rglob("*") if path.is_file())
    if size <= MOST_BYTES:
        return False
    shutil.rmtree(checkout.layers)
    return True


def _git(checkout: Checkout, state: State) -> None:
    base = str(Path(REPOSITORY).parent)
    mount = f"type=bind,source={checkout.remote},target={REPOSITORY},readonly"
    serve = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={base}", REPOSITORY]
    _run(checkout, state, "git-server", GIT_SERVER, ["--mount", mount], serve)


def _registry(checkout: Checkout, state: State) -> None:
    # Made here, so that it belongs to this user.
    checkout.layers.mkdir(exist_ok=True)
    state.registry = choose(state.registry or checkout.first_port(), {state.https})
    save(checkout, state)
    name, port = REGISTRY.split(":")
    options = [
        *("--publish", f"{HOST}:{state.registry}:{port}"),
        *("--mount", f"type=bind,source={checkout.layers},target={LAYERS}"),
        *("--mount", f"type=bind,source={registry.CONFIGURATION},target=/etc/registry.yml,readonly"),
    ]
    _run(checkout, state, "registry", name, options, ["docker-registry", "serve", "/etc/registry.yml"])


def _run(checkout: Checkout, state: State, what: str, alias: str, options: list[str], command: list[str]) -> None:
    name = checkout.named(what)
    if inspect("container", name) is not None:
        docker("rm", "--force", name)  # it stopped: made anew it has the ports and folders of now
    # As this user: what they write is ours to remove, and git reads a repository only for whom it belongs to.
    own = ["--detach", "--init", "--name", name, "--label", label(), "--user", f"{os.getuid()}:{os.getgid()}"]
    network = ["--network", checkout.named("net"), "--network-alias", alias]
    hardened = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--restart=unless-stopped"]
    docker("run", *own, *network, *hardened, *options, state.images["host"], *command)
