"""Build container images of this repository, and push them: `make image`, `make images`, `make push`.

    python tools/image.py NAME ...                build, and print name and id of each
    python tools/image.py push NAME REGISTRY      push what was built, and print REGISTRY/slipway-NAME@sha256:...

The base is BASE where it is given, else Debian 13 from its registry; where that can't be reached, mmdebstrap makes it.
"""

import io
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from common import ROOT, cache, held, identity, say
from engine import engine
from registry import push

BASE = "debian:trixie-slim"
MADE = "slipway-base:trixie"
# As the slim image in the registry: manuals and translations have no reader in a container.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
CONTENT = ("app", "images", "requirements", "training")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def succeeds(*command: str) -> bool:
    """Whether docker does this without an error."""
    return subprocess.run(["docker", *command], check=False, capture_output=True).returncode == 0


def exists(image: str) -> bool:
    """Whether the engine has the image."""
    return succeeds("image", "inspect", image)


def base() -> str:
    """The name of a base image that the engine has."""
    if given := os.environ.get("BASE"):
        return given
    if exists(BASE):
        return BASE
    say(f"pulling {BASE} ...")
    if succeeds("pull", "--quiet", BASE):
        return BASE
    with held(cache() / "base"):
        if not exists(MADE):
            make_base()
    return MADE


def make_base() -> None:
    """Make the base image from Debian's packages."""
    say("no registry of images can be reached: making the base by mmdebstrap (half a minute) ...")
    subprocess.run([ROOT / "tools" / "need.sh", "mmdebstrap:mmdebstrap"], check=True)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3"]
    command += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    with subprocess.Popen([*command, "trixie", "-"], stdout=subprocess.PIPE) as debian:
        subprocess.run(["docker", "import", "-", MADE], stdin=debian.stdout, stdout=subprocess.DEVNULL, check=True)
    if debian.returncode:
        raise SystemExit(f"slipway: mmdebstrap ended with code {debian.returncode}; its reason stands above")


def context() -> bytes:
    """What the Dockerfile may copy, as a tar archive, with the machine's CA bundle."""
    archive = io.BytesIO()
    # Docker tells an archive from a Dockerfile by its first block, which an extended header would fill.
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in CONTENT:
            tar.add(ROOT / name, name, filter=lambda item: None if "__pycache__" in item.name else item)
        trust = Path(os.environ.get("SSL_CERT_FILE", CA_BUNDLE))
        if trust.is_file():
            tar.add(trust.resolve(), "images/trust/ca.crt")
    return archive.getvalue()


def build(name: str, tag: str) -> str:
    """Build the image and return its id and size."""
    options = ["--tag", tag, "--file", f"images/{name}/Dockerfile", "--build-arg", f"BASE={base()}"]
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL"):
        if variable in os.environ:
            options += ["--build-arg", variable]
    # Plain for all: the engine's own builder needs no plugin.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    say(f"building {tag} ...")
    done = subprocess.run(
        ["docker", "build", *options, "-"],
        check=False,
        input=context(),
        env=environment,
        stdout=sys.stderr,
    )
    if done.returncode:
        raise SystemExit(f"slipway: docker build ended with code {done.returncode}; its reason stands above")
    inspect = ["docker", "image", "inspect", "--format", "{{.Id}} {{.Size}}", tag]
    return subprocess.run(inspect, check=True, stdout=subprocess.PIPE, text=True).stdout


def remove_old_layers() -> None:
    """Remove what builds of some days ago left for the next ones: each lock leaves half a gigabyte."""
    filters = ["--filter", "label=slipway.image", "--filter", "until=72h"]
    subprocess.run(["docker", "image", "prune", "--force", *filters], check=True, stdout=subprocess.DEVNULL)


def tag_of(name: str) -> str:
    """What this checkout calls the image."""
    return os.environ.get("IMAGE") or f"slipway-{name}:{identity()}"


def make(name: str) -> None:
    """Build the image and say what came of it."""
    started = time.monotonic()
    tag = tag_of(name)
    digest, size = build(name, tag).split()
    say(f"{tag} built in {time.monotonic() - started:.0f} s, {int(size) / 1e6:.0f} MB")
    print(f"{tag} {digest}", flush=True)


def main(*arguments: str) -> None:
    """Build, or push."""
    with engine():
        match arguments:
            case ("push", name, registry):
                print(push(name, tag_of(name), registry))
            case (*names,) if names and all((ROOT / "images" / name / "Dockerfile").is_file() for name in names):
                for name in names:
                    make(name)
                remove_old_layers()
            case _:
                known = ", ".join(sorted(path.parent.name for path in (ROOT / "images").glob("*/Dockerfile")))
                raise SystemExit(f"slipway: {' '.join(arguments)!r}: wanted names of {known}, or push NAME REGISTRY")


if __name__ == "__main__":
    main(*sys.argv[1:])
