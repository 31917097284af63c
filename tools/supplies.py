"""What the machine of a role that runs an image is given besides: the image by digest, and a bundle."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import ROOT
from registry import ADDRESS
from shelf import Shelf

# Roles that run images, and which.
IMAGES = {"mlflow": "mlops", "api": "api"}
MODEL = "california"
BUNDLE = "/srv/bundle"
TRAINED = ROOT / "var" / "molecule" / "training"


def supply(role: str, images: Shelf) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return options for the machine, and what the playbook is told in place of what the environment says."""
    reference = images.put(IMAGES[role])
    options, told = ("--network", images.network), {"docker_insecure_registries": [ADDRESS]}
    if role == "mlflow":
        return options, told | {"mlflow_image": reference}
    folder = bundle()
    pin = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    models = {MODEL: {"uri": f"file://{BUNDLE}", "sha256": pin}}
    release = {"image": reference, "default_model": MODEL, "models": models}
    return (*options, "--volume", f"{folder}:{BUNDLE}:ro"), told | {"release": release}


def bundle() -> Path:
    """Train a small model and return its bundle."""
    command = [sys.executable, "-m", "training", "allow_generated=true", f"output={TRAINED}", "rounds=20"]
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    return Path(json.loads(done.stdout)["bundle"])
