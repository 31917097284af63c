"""What a release is: its image, its models, and the container that they make. deployment.py puts it into service."""

import hashlib
import json
import os
import re
from typing import Any

from .colours import SOCKET

# Paths in the container: the colour's folder, and the models, each in <name>/<version>.
SOCKETS, MODELS = "/run/slipway", "/models"


def version(model: dict[str, str]) -> str:
    """Return a model's version: the number at the end of models:/name/7, otherwise the start of its digest."""
    number = re.fullmatch(r"models:/[^/]+/([0-9]+)", model["uri"])
    return number[1] if number else model["sha256"][:12]


class Release:
    """A release; `settings` are the options of the module `slipway_release`."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.image: str = settings["image"]
        self.default_model: str = settings["default_model"]
        self.models = {name: model | {"version": version(model)} for name, model in sorted(settings["models"].items())}
        self._bundles: str = settings["bundles"]
        self._options: list[str] = settings["options"]
        self._drain_seconds: int = settings["drain_seconds"]

    def title(self) -> str:
        """Return its models and their versions, for messages."""
        return ", ".join(f"{name} {model['version']}" for name, model in self.models.items())

    def record(self) -> dict[str, Any]:
        """Return what release.json says about it."""
        return {"image": self.image, "default_model": self.default_model, "models": self.models}

    def label(self) -> str:
        """Return a digest of everything that its container is made of: the same label, the same container."""
        return hashlib.sha256(json.dumps([self.image, self.options()]).encode()).hexdigest()

    def options(self) -> list[str]:
        """Return the options of `docker run` that both colours share."""
        environment = {
            "SLIPWAY_SOCKET": f"{SOCKETS}/{SOCKET}",
            "SLIPWAY_DEFAULT_MODEL": self.default_model,
            "SLIPWAY_IMAGE": self.image,
            "SLIPWAY_DRAIN_SECONDS": str(self._drain_seconds),
        }
        own = [f"--env={key}={value}" for key, value in environment.items()]
        # Not --volume, which would make an empty folder where the bundle is missing.
        mounts = [
            f"--mount=type=bind,source={self.bundle(model)},target={MODELS}/{name}/{model['version']},readonly"
            for name, model in self.models.items()
        ]
        return [*self._options, *own, *mounts]

    def bundle(self, model: dict[str, str]) -> str:
        """Return the folder of a model's bundle."""
        return os.path.join(self._bundles, model["sha256"])

    def golden(self, model: dict[str, str]) -> dict[str, Any]:
        """Return the golden rows and answers of a model; raises OSError or ValueError."""
        with open(os.path.join(self.bundle(model), "golden.json"), encoding="utf-8") as file:
            golden: dict[str, Any] = json.load(file)
        return golden
