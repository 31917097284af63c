"""Building the container images of this repository: one for each folder of images/ with a Dockerfile."""

import io
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import IO

from containers.base_image import base_image
from containers.docker import docker, inspect
from workstation.errors import CommandError
from workstation.paths import ROOT, identity
from workstation.terminal import log

# What Dockerfiles may copy from.
CONTENT = ("app", "images", "requirements", "training")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def names() -> list[str]:
    """Return the names of all images."""
    return sorted(path.parent.name for path in (ROOT / "images").glob("*/Dockerfile"))


def tag_of(name: str) -> str:
    """Return this checkout's tag for the image."""
    return os.environ.get("IMAGE") or f"slipway-{name}:{identity()}"


def make(name: str) -> str:
    """Build the image under this checkout's tag, log its size, and return its id."""
    started = time.monotonic()
    tag = tag_of(name)
    log(f"building {tag} ...")
    build(name, tag)
    found = inspect("image", tag) or {}
    log(f"{tag} built in {time.monotonic() - started:.0f} s, {found['Size'] / 1e6:.0f} MB")
    return str(found["Id"])


def build(name: str, tag: str, output: IO[str] | None = None) -> None:
    """Build the image; docker's output goes to stderr, or to the file `output`. Raises CommandError if it fails."""
    options = ["--tag", tag, "--file", f"images/{name}/Dockerfile", "--build-arg", f"BASE={base_image()}"]
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL"):
        if variable in os.environ:
            options += ["--build-arg", variable]
    # The engine's own builder: buildx is a plugin that not every computer has.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    command = ["docker", "build", *options, "-"]
    target = output or sys.stderr
    done = subprocess.run(command, check=False, input=context(), env=environment, stdout=target, stderr=target)
    if done.returncode:
        raise CommandError(f"docker build of image {name} ended with exit code {done.returncode}")


def context() -> bytes:
    """Return what Dockerfiles may copy as a tar archive, with this computer's CA bundle."""
    archive = io.BytesIO()
    # Docker tells an archive from a Dockerfile by its first block, which an extended header would fill.
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in CONTENT:
            tar.add(ROOT / name, name, filter=lambda item: None if "__pycache__" in item.name else item)
        trust = Path(os.environ.get("SSL_CERT_FILE", CA_BUNDLE))
        if trust.is_file():
            tar.add(trust.resolve(), "images/trust/ca.crt")
    return archive.getvalue()


def remove_old_layers() -> None:
    """Remove layers that builds made over three days ago: each version of a lock leaves half a gigabyte."""
    docker("image", "prune", "--force", "--filter", "label=slipway.image", "--filter", "until=72h")
