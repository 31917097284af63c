"""What a machine needs for a role that runs an image: the image in a registry, and a bundle to serve."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from containers.registry import ADDRESS
from containers.temporary_registry import TemporaryRegistry
from training import launch
from workstation.errors import CommandError
from workstation.paths import ROOT

# The image of each role that runs one.
IMAGES = {"mlflow": "mlops", "api": "api"}
MODEL = "california"
BUNDLE = "/srv/bundle"
TRAINED = ROOT / "var" / "molecule" / "training"


@dataclass(frozen=True)
class Inputs:
    """`options` are for `docker run`; `variables` override what the environment's file says."""

    options: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


def inputs_for(role: str, registry: TemporaryRegistry | None) -> Inputs:
    """Build, push and train what the role's machine needs; nothing for a role that runs no image."""
    if role not in IMAGES or registry is None:
        return Inputs()
    reference = registry.build_and_push(IMAGES[role])
    options: tuple[str, ...] = ("--network", registry.network)
    variables: dict[str, Any] = {"docker_insecure_registries": [ADDRESS]}
    if role == "mlflow":
        return Inputs(options, variables | {"mlflow_image": reference})
    folder = bundle()
    pin = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    models = {MODEL: {"uri": f"file://{BUNDLE}", "sha256": pin}}
    release = {"image": reference, "default_model": MODEL, "models": models}
    return Inputs((*options, "--volume", f"{folder}:{BUNDLE}:ro"), variables | {"release": release})


def bundle() -> Path:
    """Train a small model and return its bundle."""
    settings = ("allow_generated=true", f"output={TRAINED}", "rounds=20")
    try:
        # Never with the user's own MLflow server.
        trained = launch.run(*settings, variables={"MLFLOW_TRACKING_URI": ""})
    except launch.LaunchError as error:
        raise CommandError(f"{error}; it printed the reason above") from error
    return Path(trained["bundle"])
