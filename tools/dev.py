"""What `make dev`, `make serve`, `make mlflow` and `make bench-serving` do on this machine, without containers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import local
from common import ROOT, say

VAR = ROOT / "var"


def train() -> Path:
    """Train, and return the bundle that came of it."""
    command = [sys.executable, "-m", "training", "allow_generated=true"]
    done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"slipway: training ended with code {done.returncode}; its reason stands above")
    result = json.loads(done.stdout)
    made_up = ", which are made up" if result["data"] == "generated" else ""
    say(f"{result['name']} {result['version']}: R2 {result['metrics']['r2']:.3f} on rows it has not seen{made_up}")
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
        raise SystemExit(f"slipway: no bundle in {VAR / 'models'}: run `make train` (or `make dev`) first")
    local.serve(bundle)


def mlflow() -> None:
    """Show MLflow's pages over the runs and models in var/."""
    store = VAR / "mlflow.db"
    if not store.exists():
        raise SystemExit(f"slipway: {store} is not there: run `make train` (or `make dev`) first")
    address = ["--host", local.HOST, "--port", str(local.port("MLFLOW_PORT", 5000))]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--workers", "1"]
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # as training does: a team's runs are its own business
    os.execv(sys.executable, [*command, *address])


def main(command: str) -> None:
    """Run one of the commands that the Makefile calls."""
    if command == "dev":
        local.serve(train())
    elif command == "serve":
        serve()
    elif command == "mlflow":
        mlflow()
    elif command == "bundle":
        print(newest() or train())
    else:
        raise SystemExit(f"slipway: {command!r} is no command: wanted dev, serve, mlflow or bundle")


if __name__ == "__main__":
    # `make` hands SIGTERM on to us: end as if interrupted, so that the server is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        say("stopped")
