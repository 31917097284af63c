"""Images in the registry, as hosts call them: by digest."""

import urllib.error
import urllib.request

from containers import registry
from containers.docker import inspect
from rehearsal.checkout import REGISTRY, Checkout
from rehearsal.state import State, save
from workstation.errors import CommandError
from workstation.ports import HOST

REGISTRY_ANSWERS_WITHIN_SECONDS = 10


def push(checkout: Checkout, state: State, image: str, name: str) -> str:
    """Have an image in the registry; return how a host calls it, by digest. `name` is api or mlops."""
    found = inspect("image", image)
    if found is None:
        raise CommandError(f"IMAGE={image}: the engine has no such image: build it, or name one of `docker image ls`")
    pushed = state.pushed.get(found["Id"], "")
    if pushed.startswith(f"{REGISTRY}/slipway-{name}@") and is_there(state, pushed):
        return pushed
    digest = registry.push(name, image, f"{HOST}:{state.registry}").partition("@")[2]
    state.pushed[found["Id"]] = f"{REGISTRY}/slipway-{name}@{digest}"
    save(checkout, state)
    return state.pushed[found["Id"]]


def pushed(state: State, name: str) -> str:
    """Return how a host calls this checkout's image."""
    return state.pushed[state.images[name]]


def is_there(state: State, reference: str) -> bool:
    """Whether the registry has an image of its own."""
    name, digest = reference.removeprefix(f"{REGISTRY}/").split("@")
    url = f"http://{HOST}:{state.registry}/v2/{name}/manifests/{digest}"
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    request = urllib.request.Request(url, headers=accept, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=REGISTRY_ANSWERS_WITHIN_SECONDS):  # noqa: S310 http, our own
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise CommandError(f"the registry answers {error.code} for {url}") from error
