"""The servers under test: ours, the FastAPI peer and MLflow's own, with two workers each."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.serving.bodies import Shape, dataframe_split, features

WORKERS = 2
OURS, FASTAPI, FASTAPI_BYTES, MLFLOW = "slipway", "fastapi", "fastapi_bytes", "mlflow"


@dataclass(frozen=True)
class Target:
    """The command, environment, route and body format of a server."""

    name: str
    path: str
    shape: Shape
    arguments: Callable[[int], list[str]]
    variables: Callable[[int, Path], dict[str, str]]

    def command(self, port: int) -> list[str]:
        return [sys.executable, *self.arguments(port)]

    def environment(self, port: int, folder: Path) -> dict[str, str]:
        """The caller's, without what would keep byte code from being kept: a cold start must not compile."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return kept | {"OMP_NUM_THREADS": "1"} | self.variables(port, folder)


def all_of(bundle: Path) -> tuple[Target, ...]:
    return (_slipway(bundle), _fastapi(FASTAPI, bundle), _fastapi(FASTAPI_BYTES, bundle), _mlflow(bundle))


def _slipway(bundle: Path) -> Target:
    def variables(port: int, _: Path) -> dict[str, str]:
        # Its defaults otherwise: everything that a host has on is on here.
        return {
            "SLIPWAY_MODELS": f"california@1={bundle}",
            "SLIPWAY_HOST": "127.0.0.1",
            "SLIPWAY_PORT": str(port),
            "SLIPWAY_WORKERS": str(WORKERS),
        }

    return Target(OURS, "/predict", features, lambda _: ["-m", "app"], variables)


def _fastapi(name: str, bundle: Path) -> Target:
    def arguments(port: int) -> list[str]:
        return ["-m", "bench.peers.serve", f"--port={port}"]

    def variables(_: int, folder: Path) -> dict[str, str]:
        metrics = folder / f"{name}-metrics"
        metrics.mkdir(exist_ok=True)
        for left in metrics.iterdir():
            left.unlink()
        return {
            "PEER_BUNDLE": str(bundle),
            "PEER_BODY": "bytes" if name == FASTAPI_BYTES else "parameter",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }

    return Target(name, "/predict", features, arguments, variables)


def _mlflow(bundle: Path) -> Target:
    # What `mlflow models serve --env-manager local --workers 2` runs in the end, without that command's own start.
    def arguments(port: int) -> list[str]:
        host = ["--host=127.0.0.1", f"--port={port}", f"--workers={WORKERS}"]
        return ["-m", "uvicorn", *host, "mlflow.pyfunc.scoring_server.app:app"]

    def variables(_: int, __: Path) -> dict[str, str]:
        return {"__pyfunc_model_path__": str(bundle)}

    return Target(MLFLOW, "/invocations", dataframe_split, arguments, variables)
