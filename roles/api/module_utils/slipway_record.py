"""What a host serves and what it served before, written down; whatever is neither is removed from the disk."""

import json
import os
import time

from ansible.module_utils import slipway_files
from ansible.module_utils.slipway_docker import DockerError, canonical

LABEL = "slipway.image=api"


def read(path):
    """Return the record; an empty one where nothing was released yet, or where it is damaged: it is written anew."""
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return {}
    if not is_release(record):
        return {}
    return {**record, "previous": record["previous"] if is_release(record.get("previous")) else None}


def is_release(value):
    """Whether it says what is to be kept: an image, and the bundles of models."""
    if not isinstance(value, dict) or not isinstance(value.get("models"), dict):
        return False
    models = value["models"].values()
    return isinstance(value.get("image"), str) and all(
        isinstance(model, dict) and isinstance(model.get("sha256"), str) for model in models
    )


def differs(path, served):
    """Whether the record says something else."""
    record = read(path)
    return {key: record.get(key) for key in served} != served


def write(path, served):
    """Record what is served from now on, and what was before it."""
    old = read(path)
    known = old.keys() & served.keys()
    if all(old[key] == served[key] for key in known):
        # The same release, of which more is recorded now.
        before = old.get("previous")
    else:
        before = {key: old.get(key) for key in served}
    record = {**served, "since": time.time(), "previous": before}
    slipway_files.write(path, json.dumps(record, indent=1).encode(), lambda fresh: os.chmod(fresh, 0o644))
    return record


def remove(path):
    """Nothing is served. Return whether something was."""
    return slipway_files.remove(path)


def prune(docker, record, bundles):
    """Remove bundles and images that are neither current nor previous; return sentences about what would not go."""
    kept = [each for each in (record, record["previous"]) if each]
    shas = {model["sha256"] for each in kept for model in each["models"].values()}
    for name in os.listdir(bundles):
        if name not in shas:
            slipway_files.remove(os.path.join(bundles, name))
    listing = ["image", "ls", "--filter", f"label={LABEL}", "--digests", "--format", "{{.Repository}}@{{.Digest}}"]
    complaints = []
    images = {canonical(each["image"]) for each in kept}
    # What has no digest came by no release: somebody built it here.
    for image in {image for image in docker.run(*listing).split() if "@sha256:" in image}:
        if canonical(image) not in images:
            try:
                docker.run("image", "rm", image)
            except DockerError as error:
                complaints.append(f"{image} stays: {error}")
    return complaints
