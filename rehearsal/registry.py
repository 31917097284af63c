"""The rehearsal's registry: pushing images, and the references by digest that hosts pull."""

import urllib.error
import urllib.request

from containers import registry
from containers.docker import inspect
from rehearsal.checkout import REGISTRY, Checkout
from rehearsal.state import State, save
from workstation.errors import CommandError
from workstation.ports import HOST

TIMEOUT_SECONDS = 10


def push(checkout: Checkout, state: State, image: str, name: str) -> str:
    """Push an image unless the registry has it; return the reference by digest. `name` is api or mlops."""
    found = inspect("image", image)
    if found is None:
        raise CommandError(f"IMAGE={image}: Docker has no such image; `docker image ls` lists those it has")
    pushed = state.pushed.get(found["Id"], "")
    if pushed.startswith(f"{REGISTRY}/slipway-{name}@") and has(state, pushed):
        return pushed
    digest = registry.push(name, image, f"{HOST}:{state.registry}").partition("@")[2]
    state.pushed[found["Id"]] = f"{REGISTRY}/slipway-{name}@{digest}"
    save(checkout, state)
    return state.pushed[found["Id"]]


def pushed(state: State, name: str) -> str:
    """Return the reference of this checkout's image."""
    return state.pushed[state.images[name]]


def has(state: State, reference: str) -> bool:
    """Whether the registry has the image."""
    name, digest = reference.removeprefix(f"{REGISTRY}/").split("@")
    url = f"http://{HOST}:{state.registry}/v2/{name}/manifests/{digest}"
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    request = urllib.request.Request(url, headers=accept, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 http, our own
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise CommandError(f"the registry answers {error.code} for {url}") from error
