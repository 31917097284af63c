"""Print the path of a Go tool that tools/go.mod pins, and build it first if the user's cache does not have it.

Go comes from the PATH, or from Debian. If it is older than tools/go.mod wants, the right version comes from the Go
module proxy, checked against its checksum database. Go does that itself since 1.21; for 1.19 of Debian 12 we do it.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from workstation import terminal
from workstation.locks import held
from workstation.paths import ROOT, cache
from workstation.terminal import log

TOOLS = ROOT / "tools"
FETCHES_ITSELF = (1, 21)


def output(*command: str, folder: Path = TOOLS) -> str:
    """Return what a command prints, run by the installed Go, which must not fetch another one."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    return done.stdout.strip()


def version(go: str) -> tuple[int, int]:
    """Return the version of Go as two numbers."""
    text = output(go, "version")
    major, minor = re.findall(r"go(\d+)\.(\d+)", text)[0]
    return int(major), int(minor)


def toolchain(go: str) -> str:
    """Fetch the Go that tools/go.mod names with a Go that is too old to do so itself; return its path."""
    name = re.findall(r"^toolchain (\S+)$", (TOOLS / "go.mod").read_text(), re.MULTILINE)[0]
    home = cache() / name
    with held(home):
        if not home.exists():
            log(f"fetching {name}, because {go} is too old for tools/go.mod ...")
            system, machine = output(go, "env", "GOOS", "GOARCH").split()
            module = f"golang.org/toolchain@v0.0.1-{name}.{system}-{machine}"
            fetched = json.loads(output(go, "mod", "download", "-json", module, folder=cache()))
            unpack(Path(fetched["Dir"]), home)
    return str(home / "bin" / "go")


def unpack(source: Path, home: Path) -> None:
    """Copy a toolchain module to the cache and make its programs executable: modules have no such bits."""
    with TemporaryDirectory(dir=cache()) as folder:
        partial = Path(folder, "go")
        shutil.copytree(source, partial, copy_function=shutil.copyfile)
        for path in [*partial.glob("bin/*"), *partial.glob("pkg/tool/*/*")]:
            path.chmod(0o755)
        partial.rename(home)


def find_go() -> str:
    """Return a Go that can build tools/go.mod."""
    if not shutil.which("go"):
        subprocess.run([TOOLS / "need.sh", "go:golang-go"], check=True)
    go = shutil.which("go") or "go"
    return go if version(go) >= FETCHES_ITSELF else toolchain(go)


def build(home: Path) -> None:
    """Build all tools beside the final folder, then rename it."""
    started = time.monotonic()
    log("building the Go tools that tools/go.mod pins (a minute or two the first time) ...")
    with TemporaryDirectory(dir=cache()) as folder:
        environment = {**os.environ, "GOBIN": folder + "/bin", "GOTOOLCHAIN": "auto", "GOFLAGS": ""}
        subprocess.run([find_go(), "install", "tool"], check=True, cwd=TOOLS, env=environment)
        Path(folder, "bin").rename(home)
    log(f"Go tools built in {time.monotonic() - started:.0f} s")


def main(name: str) -> None:
    """Print the tool's path; build it if it is missing."""
    pins = (TOOLS / "go.mod").read_bytes() + (TOOLS / "go.sum").read_bytes()
    home = cache() / f"go-tools-{hashlib.sha256(pins).hexdigest()[:12]}"
    if not home.exists():
        with held(home):
            if not home.exists():
                build(home)
    print(home / name)


if __name__ == "__main__":
    terminal.run(main)
