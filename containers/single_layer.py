"""An image of one layer, which shares no layer with any other: the slowest image to release."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from containers.docker import docker, inspect
from containers.labels import label
from workstation.errors import CommandError


def changes(configuration: dict[str, Any]) -> list[str]:
    """Return the lines of a Dockerfile that give an image this configuration."""
    variables = [variable.split("=", 1) for variable in configuration["Env"]]
    lines = [f"ENV {name}={json.dumps(value)}" for name, value in variables]
    lines += [f"LABEL {key}={json.dumps(value)}" for key, value in (configuration["Labels"] or {}).items()]
    lines += [f"ENTRYPOINT {json.dumps(configuration['Entrypoint'])}"]
    return [*lines, f"USER {configuration['User']}", f"WORKDIR {configuration['WorkingDir']}"]


@contextmanager
def single_layer(image: str, mark: str) -> Iterator[str]:
    """Give the name of a copy of the image with one layer; `mark`, a text in that layer, makes the layer unique."""
    found = inspect("image", image)
    if found is None:
        raise CommandError(f"Docker has no image {image} any more: `make up` builds it again")
    name = f"slipway-single-layer:{mark.replace('.', '-')}"
    options = [option for line in changes(found["Config"]) for option in ("--change", line)]
    container = docker("create", "--label", label(), image)
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "slipway-mark"
            path.write_text(mark)
            docker("cp", str(path), f"{container}:/etc/{path.name}")
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            subprocess.run(
                ["docker", "import", *options, "--message", mark, "-", name],
                check=True,
                stdin=export.stdout,
                stdout=subprocess.DEVNULL,
            )
        yield name
    finally:
        docker("rm", "--force", container)
        if inspect("image", name) is not None:
            docker("image", "rm", name)
