"""What `make dev`, `make serve`, `make mlflow` and `make bench-serving` do on this machine, without containers."""

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
    """Train, and return the bundle that came of it."""
    try:
        result = launch.run("allow_generated=true")
    except launch.LaunchError as error:
        raise CommandError(f"{error}; the reason is above") from error
    made_up = ", which are made up" if result["data"] == "generated" else ""
    log(f"{result['name']} {result['version']}: R2 {result['metrics']['r2']:.3f} on rows it has not seen{made_up}")
    return Path(result["bundle"])


def newest() -> Path | None:
    """The bundle that was made last."""
    bundles = [manifest.parent for manifest in (VAR / "models").glob("*/*/manifest.json")]
    return max(bundles, key=lambda bundle: bundle.stat().st_mtime, default=None)


def serve() -> None:
    """Serve what the settings name, else the bundle that was made last."""
    if "SLIPWAY_MODELS" in os.environ or "SLIPWAY_MODEL_DIR" in os.environ:
        os.execv(sys.executable, [sys.executable, "-m", "app"])
    if (bundle := newest()) is None:
        raise CommandError(f"no bundle in {VAR / 'models'}: run `make train` (or `make dev`) first")
    local_api.serve(bundle)


def mlflow() -> None:
    """Show MLflow's pages over the runs and models in var/."""
    store = VAR / "mlflow.db"
    if not store.exists():
        raise CommandError(f"{store} is not there: run `make train` (or `make dev`) first")
    address = ["--host", ports.HOST, "--port", str(local_api.port("MLFLOW_PORT", 5000))]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--workers", "1"]
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # as training does: a team's runs are its own business
    os.execv(sys.executable, [*command, *address])


def main(command: str) -> None:
    """Run one of the commands that the Makefile calls."""
    if command == "dev":
        local_api.serve(train())
    elif command == "serve":
        serve()
    elif command == "mlflow":
        mlflow()
    elif command == "bundle":
        print(newest() or train())
    else:
        raise CommandError(f"{command!r} is no command: wanted dev, serve, mlflow or bundle")


if __name__ == "__main__":
    # `make` hands SIGTERM on to us: end as if interrupted, so that the server is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal.run(main, interrupted="stopped")
