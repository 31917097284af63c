"""What a host serves and what it served before, written down; whatever is neither is removed from the disk."""

import json
import os
import shutil
import time

from ansible.module_utils.slipway_docker import DockerError

LABEL = "slipway.image=api"


def read(path):
    """Return the record, an empty one where nothing was released yet."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def differs(path, served):
    """Whether the record says something else."""
    record = read(path)
    return {key: record.get(key) for key in served} != served


def write(path, served):
    """Record what is served from now on, and what was before it."""
    old = read(path)
    before = {key: old[key] for key in served} if old else None
    record = {**served, "since": time.time(), "previous": before}
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    return record


def remove(path):
    """Nothing is served."""
    if os.path.exists(path):
        os.unlink(path)


def prune(docker, record, bundles):
    """Remove bundles and images that are neither current nor previous; return sentences about what would not go."""
    kept = [record, record["previous"] or {}]
    shas = {model["sha256"] for each in kept for model in each.get("models", {}).values()}
    for name in os.listdir(bundles):
        if name not in shas:
            shutil.rmtree(os.path.join(bundles, name))
    listing = ["image", "ls", "--filter", f"label={LABEL}", "--digests", "--format", "{{.Repository}}@{{.Digest}}"]
    complaints = []
    # What has no digest came by no release: somebody built it here.
    found = {image for image in docker.run(*listing).split() if "@sha256:" in image}
    for image in found - {each.get("image") for each in kept}:
        try:
            docker.run("image", "rm", image)
        except DockerError as error:
            complaints.append(f"{image} stays: {error}")
    return complaints
