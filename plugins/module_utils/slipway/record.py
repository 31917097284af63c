"""release.json: what this host serves, and what it served before. Bundles and images of neither are removed."""

import json
import os
import time
from typing import Any

from . import files
from .docker import Docker, DockerError, canonical

LABEL = "slipway.image=api"


def read(path: str) -> dict[str, Any]:
    """Return the record; an empty one if there is none yet or it is damaged, so that it gets written again."""
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return {}
    if not is_release(record):
        return {}
    return {**record, "previous": record["previous"] if is_release(record.get("previous")) else None}


def is_release(value: Any) -> bool:
    """Whether a value names what has to be kept: an image, and the bundles of models."""
    if not isinstance(value, dict) or not isinstance(value.get("models"), dict):
        return False
    models = value["models"].values()
    return isinstance(value.get("image"), str) and all(
        isinstance(model, dict) and isinstance(model.get("sha256"), str) for model in models
    )


def differs(path: str, release: dict[str, Any]) -> bool:
    """Whether the record is of another release."""
    record = read(path)
    return {key: record.get(key) for key in release} != release


def write(path: str, release: dict[str, Any]) -> dict[str, Any]:
    """Record what is served from now on, and what was served before."""
    old = read(path)
    known = old.keys() & release.keys()
    if all(old[key] == release[key] for key in known):
        # The same release: this version of the role only records more about it.
        previous = old.get("previous")
    else:
        previous = {key: old.get(key) for key in release}
    record = {**release, "since": time.time(), "previous": previous}
    files.write(path, json.dumps(record, indent=1).encode(), lambda fresh: os.chmod(fresh, 0o644))
    return record


def prune(docker: Docker, record: dict[str, Any], bundles: str) -> list[str]:
    """Remove bundles and images of neither the current nor the previous release; return what could not be removed."""
    kept = [each for each in (record, record["previous"]) if each]
    shas = {model["sha256"] for each in kept for model in each["models"].values()}
    for name in os.listdir(bundles):
        if name not in shas:
            files.remove(os.path.join(bundles, name))
    return _prune_images(docker, {canonical(each["image"]) for each in kept})


def _prune_images(docker: Docker, kept: set[str]) -> list[str]:
    listing = ["image", "ls", "--filter", f"label={LABEL}", "--digests", "--format", "{{.Repository}}@{{.Digest}}"]
    problems = []
    # An image without a digest did not come with a release: somebody built it here.
    for image in {image for image in docker.run(*listing).split() if "@sha256:" in image}:
        if canonical(image) not in kept:
            try:
                docker.run("image", "rm", image)
            except DockerError as error:
                problems.append(f"{image} stays: {error}")
    return problems
