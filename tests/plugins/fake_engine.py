"""An engine whose containers and images are lines of a file, so that they outlive the process that asks it."""

import json
import sys
from pathlib import Path
from typing import Any

from plugins.module_utils.slipway.docker import Docker


class FakeEngine(Docker):
    """Answers as docker.Docker does; each change can be killed before it and after it (see killing.py)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._busy = False

    def read(self) -> dict[str, Any]:
        """Return all there is: `containers` by name, and `images`."""
        empty: dict[str, Any] = {"containers": {}, "images": []}
        return json.loads(self.path.read_text()) if self.path.exists() else empty

    def _write(self, state: dict[str, Any]) -> None:
        # Not by a rename: it is the engine that does this, in one step, and no kill of its client can cut it in two.
        sys.audit("test.engine")
        self.path.parent.joinpath(self.path.name).write_text(json.dumps(state))
        sys.audit("test.engine")

    def inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        state = self.read()
        if kind == "image":
            return {"Id": name} if name in state["images"] else None
        found: dict[str, Any] | None = state["containers"].get(name)
        return found

    def pull(self, image: str, quiet_seconds: float = 0) -> None:
        state = self.read()
        self._write(state | {"images": [*state["images"], image]})

    def has_image(self, image: str) -> bool:
        return self.inspect("image", image) is not None

    def require_image(self, image: str) -> None:
        if not self.has_image(image):
            self.pull(image)

    def last_message(self, _container: str) -> str:
        return "its log is empty"

    def remove(self, container: str, *_options: str) -> bool:
        state = self.read()
        there = state["containers"].pop(container, None) is not None
        if there:
            self._write(state)
        return there

    def run(self, *arguments: str, timeout: int = 0) -> str:
        state = self.read()
        if arguments[0] == "run":
            state["containers"][value(arguments, "--name")] = container(arguments)
        elif arguments[0] == "stop":
            state["containers"][arguments[-1]]["State"]["Running"] = False
        elif arguments[0] == "update":
            state["containers"][arguments[-1]]["Restart"] = value(arguments, "--restart")
        elif arguments[:2] == ("image", "rm"):
            state["images"].remove(arguments[-1])
        else:
            assert arguments[:2] == ("image", "ls"), arguments
            return "\n".join(state["images"])
        self._write(state)
        return ""


def value(arguments: tuple[str, ...], option: str) -> str:
    """Return what an option is followed by."""
    return arguments[arguments.index(option) + 1] if option in arguments else ""


def container(arguments: tuple[str, ...]) -> dict[str, Any]:
    """Return what the engine tells of a container that was just started."""
    key, _, label = value(arguments, "--label").partition("=")
    image = next(word for word in arguments if "@sha256:" in word and not word.startswith("-"))
    state = {"Running": True, "StartedAt": "2030-01-01T00:00:00.0Z"}
    labels = {"Labels": {key: label}}
    restart = value(arguments, "--restart")
    return {"Config": labels, "State": state, "RestartCount": 0, "Image": image, "Restart": restart}
