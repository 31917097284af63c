"""A registry of images: where hosts pull by digest what was built here."""

import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

from containers.docker import docker, inspect
from workstation.errors import CommandError
from workstation.terminal import log

# host[:port][/path]; the first part of a name is a host only with a dot or a port in it, or as localhost.
REGISTRY = re.compile(r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9.-]+:\d+)(:\d+)?(/[a-z0-9._-]+)*")

# The registry's own settings, in its container.
CONFIGURATION = Path(__file__).with_name("registry.yml")
# What machines call a registry beside them, on a network of their own; environments/local.yml says so too.
ADDRESS = "registry:5000"
ANSWERS_WITHIN_SECONDS = 30


def await_answer(published: str) -> None:
    """Return when the registry answers at host:port; raises CommandError where it does not."""
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{published}/v2/", timeout=5).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"the registry at {published} did not answer within {ANSWERS_WITHIN_SECONDS} s: {error}"
                ) from error
            time.sleep(0.05)


def push(name: str, image: str, registry: str) -> str:
    """Push the image under its own id, and return the reference by digest that a host pulls.

    Layers that the registry has are not sent again. Raises CommandError where it takes none.
    """
    registry = registry.rstrip("/").lower()  # an owner's name may have capitals, a registry's may not
    if not REGISTRY.fullmatch(registry):
        raise CommandError(f"REGISTRY={registry!r}: wanted a registry, as ghcr.io/you or 127.0.0.1:5000")
    repository = f"{registry}/slipway-{name}"
    # A tag of its own for each image: what a digest names stays in the registry when the next one comes.
    tag = f"{repository}:{_id(image)}"
    log(f"pushing {tag} ...")
    docker("tag", image, tag)
    try:
        reference = f"{repository}@{_pushed(tag, registry)}"
    finally:
        docker("rmi", "--no-prune", tag)
    _summarize(reference)
    return reference


def _id(image: str) -> str:
    found = inspect("image", image)
    if found is None:
        raise CommandError(f"Docker has no image {image}: `make images` builds it")
    return str(found["Id"]).removeprefix("sha256:")[:12]


def _pushed(tag: str, registry: str) -> str:
    """Push, and return the digest."""
    done = subprocess.run(["docker", "push", tag], check=False, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["docker push gave no reason"]
        raise CommandError(f"{registry} does not take {tag}: {reason[0]}")
    digests = re.findall(r"digest: (sha256:[0-9a-f]{64})", done.stdout)
    return str(digests[-1])


def _summarize(reference: str) -> None:
    """Tell it on the page of the job, where a job runs this."""
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a") as file:
            file.write(f"`{reference}`\n\n")
