"""The git server and the image registry: two containers on the rehearsal's network, in place of a team's own."""

import os
import shutil
from pathlib import Path

from containers import registry
from containers.docker import docker, inspect, is_running
from containers.labels import label
from rehearsal.checkout import GIT_SERVER, REGISTRY, Checkout
from rehearsal.state import State, save
from workstation.ports import HOST, choose

# Most size of all layers, twenty times that of one checkout's images: old layers stay until `trim` removes them all.
MOST_BYTES = 8 * 10**9
# Paths in the containers.
REPOSITORY, LAYERS = "/srv/slipway.git", "/var/lib/registry"


def repository() -> str:
    """Return the URL that the host clones."""
    return f"git://{GIT_SERVER}/{Path(REPOSITORY).name}"


def start(checkout: Checkout, state: State) -> list[str]:
    """Start network, git server and registry where they do not run; return what was started."""
    if inspect("network", checkout.named("net")) is None:
        docker("network", "create", "--label", label(), checkout.named("net"))
    started = []
    if not is_running(checkout.named("git-server")):
        _git(checkout, state)
        started.append("git server started")
    if not is_running(checkout.named("registry")):
        _registry(checkout, state)
        started.append("registry started")
    registry.await_answer(f"{HOST}:{state.registry}")
    return started


def trim(checkout: Checkout) -> bool:
    """Remove all layers if they take too much space and no checkout's registry uses them; return whether."""
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
    # Docker would make it as root.
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


def _run(checkout: Checkout, state: State, kind: str, alias: str, options: list[str], command: list[str]) -> None:
    name = checkout.named(kind)
    if inspect("container", name) is not None:
        docker("rm", "--force", name)  # a stopped one may have another port or folder
    # As this user: `make down` can remove what they write, and git reads only repositories of its own user.
    own = ["--detach", "--init", "--name", name, "--label", label(), "--user", f"{os.getuid()}:{os.getgid()}"]
    network = ["--network", checkout.named("net"), "--network-alias", alias]
    hardened = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--restart=unless-stopped"]
    docker("run", *own, *network, *hardened, *options, state.images["host"], *command)
