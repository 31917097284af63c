"""Building this checkout's images, but only those whose inputs changed."""

import glob
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from containers import images
from containers.base_image import base_image
from containers.docker import inspect
from rehearsal.checkout import Checkout
from rehearsal.progress import Progress
from rehearsal.state import State, save
from workstation.errors import CommandError

NAMES = ("host", "api", "mlops")
COPY = re.compile(r"^COPY +(?!--)(.+) +\S+$", re.MULTILINE)
# A build also depends on these.
VARIABLES = ("BASE", "PIP_INDEX_URL")
SHOWN_LINES = 20
STEP = re.compile(r"(?m)^Step (\d+/\d+)")
POLL_SECONDS = 1


def inputs(root: Path, name: str) -> str:
    """Return a digest of everything that a build of the image reads."""
    dockerfile = root / "images" / name / "Dockerfile"
    words = [word for line in COPY.findall(dockerfile.read_text(encoding="utf-8")) for word in line.split()]
    digest = hashlib.sha256()
    for path in [dockerfile, images.CA_BUNDLE, *sorted({path for word in words for path in _files(root, word)})]:
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


def build(checkout: Checkout, state: State, progress: Progress) -> list[str]:
    """Build the images whose inputs changed, or that the engine lost; return their names."""
    wanted = {name: inputs(checkout.root, name) for name in NAMES}
    stale = [name for name in NAMES if state.inputs.get(name) != wanted[name] or not _exists(state.images.get(name))]
    if stale:
        base_image()  # once, before all builds ask for it
        state.images |= _build_all(checkout, stale, progress)
        images.remove_old_layers()
        state.inputs |= {name: wanted[name] for name in stale}
        save(checkout, state)
    return stale


def _build_all(checkout: Checkout, names: list[str], progress: Progress) -> dict[str, str]:
    """Build all of them at the same time, and report the step of each; return their ids by name."""
    with ThreadPoolExecutor(len(names)) as pool:
        builds = {name: pool.submit(_build, checkout, name) for name in names}
        while wait(builds.values(), timeout=POLL_SECONDS).not_done:
            running = [name for name in names if not builds[name].done()]
            progress.news("building " + ", ".join(f"{name} {step(_log(checkout, name))}".strip() for name in running))
        return {name: build.result() for name, build in builds.items()}


def _log(checkout: Checkout, name: str) -> Path:
    return checkout.folder / f"build-{name}.log"


def step(log: Path) -> str:
    """Return the step that a build has reached, as in 5/24; "" before the first."""
    steps = STEP.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []
    return str(steps[-1]) if steps else ""


def _exists(image: str | None) -> bool:
    return bool(image) and inspect("image", str(image)) is not None


def _build(checkout: Checkout, name: str) -> str:
    log, tag = _log(checkout, name), images.tag_of(name)
    with log.open("w", encoding="utf-8") as file:
        try:
            images.build(name, tag, file)
        except CommandError as error:
            last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:])
            raise CommandError(f"{error}. The full output is in {log}; it ends with:\n{last}") from error
    return str((inspect("image", tag) or {})["Id"])
