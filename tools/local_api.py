"""The API on loopback, and a `curl` command to try."""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from workstation import ports
from workstation.errors import CommandError
from workstation.paths import ROOT
from workstation.ports import HOST
from workstation.terminal import log

PORT = 8000
READY_WITHIN_SECONDS = 60


def port(variable: str, usual: int) -> int:
    """Return the port to listen on: the variable's, else the usual one, else a free one."""
    if wanted := os.environ.get(variable):
        if not (wanted.isdecimal() and int(wanted) < 65536):
            raise CommandError(f"{variable}={wanted!r}: wanted a port, a number from 0 to 65535")
        return int(wanted)
    for candidate in (usual, 0):
        if found := ports.free(candidate):
            return found
        log(f"port {candidate} is in use: taking a free one ({variable}=... chooses another)")
    raise CommandError(f"{HOST} has no free port")


def is_ready(url: str) -> bool:
    """Whether the server answers that it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 http, our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when the server is ready; raise CommandError if it ends or takes too long."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not is_ready(url):
        if server.poll() is not None:
            raise CommandError(f"the API ended with exit code {server.returncode}; it printed the reason above")
        if time.monotonic() > deadline:
            raise CommandError(f"the API was not ready within {READY_WITHIN_SECONDS} s")
        time.sleep(0.05)


def example(bundle: Path) -> str:
    """Return the body of a request: the first golden row without missing values."""
    golden = json.loads((bundle / "golden.json").read_text())
    row = next(row for row in golden["rows"] if None not in row)
    return json.dumps({"features": [row]})


def serve(bundle: Path) -> None:
    """Serve the bundle until interrupted, and print a command that sends a request."""
    started = time.monotonic()
    number = port("SLIPWAY_PORT", PORT)
    url = f"http://{HOST}:{number}"
    model = f"{bundle.parent.name}@{bundle.name}={bundle}"
    log(f"starting the API with {model} ...")
    settings = {key: value for key, value in os.environ.items() if key not in ("SLIPWAY_MODEL_DIR", "SLIPWAY_SOCKET")}
    settings |= {"SLIPWAY_HOST": HOST, "SLIPWAY_PORT": str(number), "SLIPWAY_MODELS": model}
    with subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=settings) as server:
        try:
            wait(server, url)
            log(f"ready in {time.monotonic() - started:.1f} s at {url}/docs; Ctrl-C stops it. Try it:")
            line = f"curl -s {url}/predict -H 'content-type: application/json' -d {shlex.quote(example(bundle))}"
            print(f"\n  {line}\n", flush=True)
            code = server.wait()
        finally:
            server.terminate()
            server.wait()
    if code:
        raise CommandError(f"the API ended with exit code {code}; it printed the reason above")
