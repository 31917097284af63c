"""The images of this checkout: built where what they are made from changed."""

import glob
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import image as builder

from rehearsal.docker import inspect
from rehearsal.errors import Trouble
from rehearsal.place import Place
from rehearsal.progress import Progress
from rehearsal.state import State, keep

NAMES = ("host", "api", "mlops")
COPY = re.compile(r"^COPY +(?!--)(.+) +\S+$", re.MULTILINE)
# What besides files decides what comes of a build.
VARIABLES = ("BASE", "PIP_INDEX_URL")
BUILD = "import image, sys; print(image.build(*sys.argv[1:]))"
SHOWN_LINES = 20
STEP = re.compile(r"(?m)^Step (\d+/\d+)")
LOOKS_EVERY_SECONDS = 1


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


def build(place: Place, state: State, progress: Progress) -> list[str]:
    """Have all images; return the names of those that were built."""
    wanted = {name: inputs(place.root, name) for name in NAMES}
    stale = [name for name in NAMES if state.inputs.get(name) != wanted[name] or not _has(state.images.get(name))]
    if stale:
        builder.base()  # once, before all ask for it
        state.images |= _all(place, stale, progress)
        builder.remove_old_layers()
        state.inputs |= {name: wanted[name] for name in stale}
        keep(place, state)
    return stale


def _all(place: Place, names: list[str], progress: Progress) -> dict[str, str]:
    """Build them at once, and tell how far each is; return the id of each."""
    with ThreadPoolExecutor(len(names)) as pool:
        made = {name: pool.submit(_build, place, name) for name in names}
        while wait(made.values(), timeout=LOOKS_EVERY_SECONDS).not_done:
            under_way = [name for name in names if not made[name].done()]
            progress.news("building " + ", ".join(f"{name} {step(_log(place, name))}".strip() for name in under_way))
        return {name: each.result() for name, each in made.items()}


def _log(place: Place, name: str) -> Path:
    return place.folder / f"build-{name}.log"


def step(log: Path) -> str:
    """Return the step that docker is at, as 5/24; "" before the first."""
    steps = STEP.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []
    return str(steps[-1]) if steps else ""


def _has(image: str | None) -> bool:
    return bool(image) and inspect("image", str(image)) is not None


def _build(place: Place, name: str) -> str:
    log = _log(place, name)
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
