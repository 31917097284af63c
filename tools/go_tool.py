"""Print the path of a Go tool that tools/go.mod pins, built first where the user's cache has none yet.

Go comes from the PATH, or from Debian. Where it is older than tools/go.mod asks for, the right one comes as a module
through the Go module proxy, checked against its checksum database: from 1.21 on Go itself does so; for Debian 12's
1.19 we do.
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
    """What a command prints, by the Go that is there and no other that it might fetch; errors go to the terminal."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    return done.stdout.strip()


def version(go: str) -> tuple[int, int]:
    """The Go version as two numbers."""
    text = output(go, "version")
    major, minor = re.findall(r"go(\d+)\.(\d+)", text)[0]
    return int(major), int(minor)


def toolchain(go: str) -> str:
    """Fetch the Go that tools/go.mod names, by a Go too old to do so itself."""
    name = re.findall(r"^toolchain (\S+)$", (TOOLS / "go.mod").read_text(), re.MULTILINE)[0]
    home = cache() / name
    with held(home):
        if not home.exists():
            log(f"fetching {name}, since {go} is older than tools/go.mod needs ...")
            system, machine = output(go, "env", "GOOS", "GOARCH").split()
            module = f"golang.org/toolchain@v0.0.1-{name}.{system}-{machine}"
            fetched = json.loads(output(go, "mod", "download", "-json", module, folder=cache()))
            unpack(Path(fetched["Dir"]), home)
    return str(home / "bin" / "go")


def unpack(source: Path, home: Path) -> None:
    """Copy a toolchain module to where it can run: modules carry no executable bits."""
    with TemporaryDirectory(dir=cache()) as folder:
        partial = Path(folder, "go")
        shutil.copytree(source, partial, copy_function=shutil.copyfile)
        for path in [*partial.glob("bin/*"), *partial.glob("pkg/tool/*/*")]:
            path.chmod(0o755)
        partial.rename(home)


def find_go() -> str:
    """A Go that can build tools/go.mod."""
    if not shutil.which("go"):
        subprocess.run([TOOLS / "need.sh", "go:golang-go"], check=True)
    go = shutil.which("go") or "go"
    return go if version(go) >= FETCHES_ITSELF else toolchain(go)


def build(home: Path) -> None:
    """Build all tools beside their place, then move them there whole."""
    started = time.monotonic()
    log("building the Go tools that tools/go.mod pins (a minute or two the first time) ...")
    with TemporaryDirectory(dir=cache()) as folder:
        environment = {**os.environ, "GOBIN": folder + "/bin", "GOTOOLCHAIN": "auto", "GOFLAGS": ""}
        subprocess.run([find_go(), "install", "tool"], check=True, cwd=TOOLS, env=environment)
        Path(folder, "bin").rename(home)
    log(f"Go tools built in {time.monotonic() - started:.0f} s")


def main(name: str) -> None:
    """Print the tool's path; build it if need be."""
    pins = (TOOLS / "go.mod").read_bytes() + (TOOLS / "go.sum").read_bytes()
    home = cache() / f"go-tools-{hashlib.sha256(pins).hexdigest()[:12]}"
    if not home.exists():
        with held(home):
            if not home.exists():
                build(home)
    print(home / name)


if __name__ == "__main__":
    terminal.run(main)
