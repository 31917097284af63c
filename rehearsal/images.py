"""The images of this checkout: built where what they are made from changed, and pushed by digest."""

import glob
import hashlib
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import image as builder
import registry

from rehearsal.docker import inspect
from rehearsal.errors import Trouble
from rehearsal.place import REGISTRY, Place
from rehearsal.ports import HOST
from rehearsal.state import State, keep

NAMES = ("host", "api", "mlops")
COPY = re.compile(r"^COPY +(?!--)(.+) +\S+$", re.MULTILINE)
# What besides files decides what comes of a build.
VARIABLES = ("BASE", "PIP_INDEX_URL")
BUILD = "import image, sys; print(image.build(*sys.argv[1:]))"
SHOWN_LINES = 20
REGISTRY_ANSWERS_WITHIN_SECONDS = 10


def inputs(root: Path, name: str) -> str:
    """Return a digest of all that the image's Dockerfile reads."""
    dockerfile = root / "images" / name / "Dockerfile"
    words = [word for line in COPY.findall(dockerfile.read_text(encoding="utf-8")) for word in line.split()]
    digest = hashlib.sha256()
    for path in [dockerfile, builder.CA_BUNDLE, *sorted({path for word in words for path in _files(root, word)})]:
        if path.is_file():
            digest.update(f"{path.relative_to(root) if path.is_relative_to(root) else path}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for variable in VARIABLES:
        digest.update(f"{variable}={os.environ.get(variable, '')}\0".encode())
    return digest.hexdigest()


def _files(root: Path, word: str) -> list[Path]:
    found = [Path(path) for path in glob.glob(str(root / word))]
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    return [path for path in [*found, *inside] if path.is_file() and "__pycache__" not in path.parts]


def build(place: Place, state: State) -> list[str]:
    """Have all images; return the names of those that were built."""
    wanted = {name: inputs(place.root, name) for name in NAMES}
    stale = [name for name in NAMES if state.inputs.get(name) != wanted[name] or not _has(state.images.get(name))]
    if stale:
        builder.base()  # once, before all ask for it
        with ThreadPoolExecutor(len(stale)) as pool:
            ids = dict(zip(stale, pool.map(lambda name: _build(place, name), stale), strict=True))
        builder.remove_old_layers()
        state.images |= ids
        state.inputs |= {name: wanted[name] for name in stale}
        keep(place, state)
    return stale


def _has(image: str | None) -> bool:
    return bool(image) and inspect("image", str(image)) is not None


def _build(place: Place, name: str) -> str:
    log = place.folder / f"build-{name}.log"
    # A process for each: they are built at once, and docker's output goes to a file.
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, "-c", BUILD, name, builder.tag_of(name)],
            check=False,
            cwd=place.root / "tools",
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    if done.returncode:
        last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:])
        raise Trouble(f"the image {name} could not be built, {log} has it all, its end:\n{last}")
    return done.stdout.split()[0]


def push(place: Place, state: State, image: str, name: str) -> str:
    """Have an image in the registry; return how a host calls it, by digest. `name` is api or mlops."""
    found = inspect("image", image)
    if found is None:
        raise Trouble(f"IMAGE={image}: the engine has no such image: build it, or name one of `docker image ls`")
    pushed = state.pushed.get(found["Id"], "")
    if pushed.startswith(f"{REGISTRY}/slipway-{name}@") and is_there(state, pushed):
        return pushed
    digest = registry.push(name, image, f"{HOST}:{state.registry}").partition("@")[2]
    state.pushed[found["Id"]] = f"{REGISTRY}/slipway-{name}@{digest}"
    keep(place, state)
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
        with urllib.request.urlopen(request, timeout=REGISTRY_ANSWERS_WITHIN_SECONDS):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise Trouble(f"the registry answers {error.code} for {url}") from error
