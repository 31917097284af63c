"""Print the path of a lock's virtual environment, and make the environment first if it is missing.

It is in the user's cache. Its name has the version of Python and the digest of the lock, so all clones with the same
lock share it, and a changed lock gets a new one. A marker, written last, says that it is complete: an environment
without the marker was interrupted and is made again. A file lock keeps two runs from making the same one at once; it
ends with the process and the installer that the process started.
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
    """Return the path of the lock's environment, for the Python that runs this."""
    # The path of the interpreter counts too: an environment links to it.
    digest = hashlib.sha256(lock.read_bytes() + os.path.realpath(sys.executable).encode()).hexdigest()[:12]
    return cache() / f"venv-{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}-{digest}"


def is_ready(venv: Path) -> bool:
    """Whether it is complete, and its interpreter still exists."""
    return (venv / READY).exists() and (venv / "bin" / "python").exists()


def install(venv: Path, lock: Path, fd: int) -> None:
    """Install exactly the packages of the lock, and compile them."""
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    # The lock names every dependency, so pip has nothing to resolve. Compiling comes later, on all cores.
    options = ["--no-deps", "--require-hashes", "--no-compile", "--progress-bar=off", "-r", str(lock)]
    wanted = sum(line[0].isalnum() for line in lock.read_text().splitlines() if line)
    command = [*pip, "install", *options]
    # The installer inherits the file lock: if this process is killed, the next one waits for the installer too.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[fd]) as process:
        seen = follow(process, wanted)
    if process.returncode:
        raise CommandError(f"pip could not install {lock.name} ({seen} of {wanted} packages): see above")
    log("compiling them ...")
    packages = next((venv / "lib").glob("python3*/site-packages"))
    # The exit code says nothing: some packages contain templates that are not Python, which pip ignores too.
    subprocess.run([python, "-m", "compileall", "-qq", "-j", "0", str(packages)], check=False, pass_fds=[fd])


def follow(process: subprocess.Popen[str], wanted: int) -> int:
    """Print the installer's progress four times; return the number of packages that it fetched."""
    seen, step = 0, max(1, wanted // 4)
    for line in process.stdout or ():
        if line.startswith("Collecting "):
            seen += 1
            if seen % step == 0:
                log(f"  {seen} of {wanted} packages fetched")
    return seen


def make(venv: Path, lock: Path, fd: int) -> None:
    """Make the environment at its final path, which its scripts contain; the marker comes last."""
    started = time.monotonic()
    log(f"making a virtual environment for {lock.name} in {venv} ...")
    if venv.exists():
        shutil.rmtree(venv)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, pass_fds=[fd])
    install(venv, lock, fd)
    (venv / READY).touch()
    log(f"virtual environment made in {time.monotonic() - started:.0f} s")


def remove_unused(used: Path) -> None:
    """Remove environments that nobody used for a month: each change of a lock leaves a gigabyte."""
    for marker in cache().glob(f"venv-*/{READY}"):
        if marker.parent != used and time.time() - marker.stat().st_mtime > UNUSED_AFTER_SECONDS:
            with held(marker.parent):
                log(f"removing {marker.parent.name}: nobody used it for a month")
                marker.unlink()
                shutil.rmtree(marker.parent)


def main(name: str) -> None:
    """Print the environment's path; make it if it is missing."""
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
