"""The Debian 13 image that all our images are built on: from a registry, or made here by mmdebstrap."""

import os
import subprocess
from functools import cache

from containers.docker import succeeds
from workstation import paths
from workstation.errors import CommandError
from workstation.locks import held
from workstation.terminal import log

PULLED = "debian:trixie-slim"
MADE = "slipway-base:trixie"
# What Debian's slim image leaves out too: nobody reads manuals and translations in a container.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


@cache
def base_image() -> str:
    """Return the name of a base image that the engine has: BASE, else Debian's own, else one that is made here.

    One process asks once: where no registry answers, each attempt to pull takes seconds.
    """
    if named := os.environ.get("BASE"):
        return named
    if _exists(PULLED):
        return PULLED
    log(f"pulling {PULLED} ...")
    if succeeds("pull", "--quiet", PULLED):
        return PULLED
    with held(paths.cache() / "base"):
        if not _exists(MADE):
            _make()
    return MADE


def _exists(image: str) -> bool:
    return succeeds("image", "inspect", image)


def _make() -> None:
    """Make the base image from Debian's packages."""
    log("no image registry can be reached: making the base image with mmdebstrap (half a minute) ...")
    subprocess.run([paths.ROOT / "tools" / "need.sh", "mmdebstrap:mmdebstrap"], check=True)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3"]
    command += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    # A process group of its own: when it fails, mmdebstrap sends SIGHUP to its whole group.
    with subprocess.Popen([*command, "trixie", "-"], stdout=subprocess.PIPE, process_group=0) as debian:
        subprocess.run(["docker", "import", "-", MADE], stdin=debian.stdout, stdout=subprocess.DEVNULL, check=True)
    if debian.returncode:
        raise CommandError(f"mmdebstrap ended with exit code {debian.returncode}; it printed the reason above")
