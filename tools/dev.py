"""`make dev`, `make serve` and `make mlflow`: training, the API and MLflow on this computer, without containers."""

import os
import signal
import sys
from pathlib import Path

from tools import local_api
from training import launch
from workstation import ports, terminal
from workstation.errors import CommandError
from workstation.paths import ROOT
from workstation.terminal import log

VAR = ROOT / "var"


def train() -> Path:
    """Train a model and return its bundle."""
    try:
        result = launch.run("allow_generated=true")
    except launch.LaunchError as error:
        raise CommandError(f"{error}; the reason is above") from error
    generated = " of generated data" if result["data"] == "generated" else ""
    log(f"{result['name']} {result['version']}: R2 {result['metrics']['r2']:.3f} on held-out rows{generated}")
    return Path(result["bundle"])


def newest() -> Path | None:
    """Return the newest bundle, None where there is none."""
    bundles = [manifest.parent for manifest in (VAR / "models").glob("*/*/manifest.json")]
    return max(bundles, key=lambda bundle: bundle.stat().st_mtime, default=None)


def serve() -> None:
    """Serve the bundle that the settings name, else the newest one."""
    if "SLIPWAY_MODELS" in os.environ or "SLIPWAY_MODEL_DIR" in os.environ:
        os.execv(sys.executable, [sys.executable, "-m", "app"])
    if (bundle := newest()) is None:
        raise CommandError(f"there is no bundle in {VAR / 'models'} yet: run `make train` or `make dev` first")
    local_api.serve(bundle)


def mlflow() -> None:
    """Start MLflow's web pages for the runs and models in var/."""
    store = VAR / "mlflow.db"
    if not store.exists():
        raise CommandError(f"{store} does not exist yet: run `make train` or `make dev` first")
    address = ["--host", ports.HOST, "--port", str(local_api.port("MLFLOW_PORT", 5000))]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--workers", "1"]
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # training switches it off too
    os.execv(sys.executable, [*command, *address])


def main(command: str) -> None:
    """Run one of the Makefile's commands. Ctrl-C is the usual way to end it, so it is no failure."""
    try:
        run(command)
    except KeyboardInterrupt:
        log("stopped")


def run(command: str) -> None:
    """Run a command by its name."""
    if command == "dev":
        local_api.serve(train())
    elif command == "serve":
        serve()
    elif command == "mlflow":
        mlflow()
    elif command == "bundle":
        print(newest() or train())
    else:
        raise CommandError(f"unknown command {command!r}: wanted dev, serve, mlflow or bundle")


if __name__ == "__main__":
    # `make` passes SIGTERM on: treat it as Ctrl-C, so that the server is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal.run(main)
