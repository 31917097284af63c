"""Image registries: pushing to one, and the reference by digest that hosts pull."""

import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

from containers.docker import docker, inspect
from workstation.errors import CommandError
from workstation.terminal import log

# host[:port][/path]. Docker takes the first part for a host only if it has a dot or a port, or is localhost.
REGISTRY = re.compile(r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9.-]+:\d+)(:\d+)?(/[a-z0-9._-]+)*")

# The configuration of a registry that we run.
CONFIGURATION = Path(__file__).with_name("registry.yml")
# The address of a registry that we run, on the machines' own network; environments/local.yml has it too.
ADDRESS = "registry:5000"
ANSWERS_WITHIN_SECONDS = 30


def await_answer(published: str) -> None:
    """Return when the registry answers at host:port; raises CommandError if it does not."""
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

    Docker does not send layers that the registry has. Raises CommandError if the registry refuses the image.
    """
    registry = registry.rstrip("/").lower()  # the name of an account may have capitals, that of a registry may not
    if not REGISTRY.fullmatch(registry):
        raise CommandError(
            f"REGISTRY={registry!r}: wanted the address of a registry, for example ghcr.io/you or 127.0.0.1:5000"
        )
    repository = f"{registry}/slipway-{name}"
    # One tag per image: a registry may delete an image that lost its last tag.
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
        reason = done.stderr.strip().splitlines()[-1:] or ["docker push printed no reason"]
        raise CommandError(f"{registry} refused {tag}: {reason[0]}")
    digests = re.findall(r"digest: (sha256:[0-9a-f]{64})", done.stdout)
    return str(digests[-1])


def _summarize(reference: str) -> None:
    """Write the reference to the summary page of a GitHub job."""
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a") as file:
            file.write(f"`{reference}`\n\n")
