"""Print the virtual environment of a lock, made first where it is not there yet.

It lives in the user's cache under a name made of the Python's version and the lock's digest, so that a second clone
finds it and a changed lock gets its own. A marker, written last, says that it is whole: what an interrupted run left
behind has none and is made anew. A lock that dies with the process, and with the installer it started, keeps two
runs from making the same one at once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from workstation import terminal
from workstation.errors import CommandError
from workstation.locks import held
from workstation.paths import ROOT, cache
from workstation.terminal import log

READY = "slipway-ready"
UNUSED_AFTER_SECONDS = 30 * 24 * 3600


def home(lock: Path) -> Path:
    """Where the environment of this lock is, for the Python that runs this."""
    # The interpreter's own path counts too: an environment is a link to it.
    digest = hashlib.sha256(lock.read_bytes() + os.path.realpath(sys.executable).encode()).hexdigest()[:12]
    return cache() / f"venv-{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}-{digest}"


def is_ready(venv: Path) -> bool:
    """Whether it is whole, and the interpreter that it links to is still there."""
    return (venv / READY).exists() and (venv / "bin" / "python").exists()


def install(venv: Path, lock: Path, fd: int) -> None:
    """Install exactly what the lock names, and compile it."""
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    # The lock holds the whole closure, so pip has nothing to resolve. Compiling follows, on all cores.
    options = ["--no-deps", "--require-hashes", "--no-compile", "--progress-bar=off", "-r", str(lock)]
    wanted = sum(line[0].isalnum() for line in lock.read_text().splitlines() if line)
    command = [*pip, "install", *options]
    # The installer inherits the lock: should this process be killed, nobody else starts before it has ended too.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[fd]) as process:
        seen = follow(process, wanted)
    if process.returncode:
        raise CommandError(f"pip could not install {lock.name} ({seen} of {wanted} packages): see above")
    log("compiling them ...")
    packages = next((venv / "lib").glob("python3*/site-packages"))
    # Its exit code is of no use: packages carry templates that are not Python, and pip passes over them as well.
    subprocess.run([python, "-m", "compileall", "-qq", "-j", "0", str(packages)], check=False, pass_fds=[fd])


def follow(process: subprocess.Popen[str], wanted: int) -> int:
    """Say how far the installer is, a few times; return how many packages it began."""
    seen, step = 0, max(1, wanted // 4)
    for line in process.stdout or ():
        if line.startswith("Collecting "):
            seen += 1
            if seen % step == 0:
                log(f"  {seen} of {wanted} packages fetched")
    return seen


def make(venv: Path, lock: Path, fd: int) -> None:
    """Make the environment in place, since it holds its own path; the marker comes last."""
    started = time.monotonic()
    log(f"making a virtual environment for {lock.name} in {venv} ...")
    if venv.exists():
        shutil.rmtree(venv)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, pass_fds=[fd])
    install(venv, lock, fd)
    (venv / READY).touch()
    log(f"virtual environment made in {time.monotonic() - started:.0f} s")


def remove_unused(used: Path) -> None:
    """Remove environments that nobody asked for in a month: each change of a lock leaves a gigabyte."""
    for marker in cache().glob(f"venv-*/{READY}"):
        if marker.parent != used and time.time() - marker.stat().st_mtime > UNUSED_AFTER_SECONDS:
            with held(marker.parent):
                log(f"removing {marker.parent.name}: not used for a month")
                marker.unlink()
                shutil.rmtree(marker.parent)


def main(name: str) -> None:
    """Print the environment's path; make it if need be."""
    lock = ROOT / "requirements" / f"{name}.txt"
    venv = home(lock)
    if not is_ready(venv):
        with held(venv) as fd:
            if not is_ready(venv):
                make(venv, lock, fd)
        remove_unused(venv)
    (venv / READY).touch()
    print(venv)


if __name__ == "__main__":
    terminal.run(main, interrupted="interrupted; the next run makes the virtual environment from scratch")
