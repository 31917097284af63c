"""The images, built once, and containers that are removed after the tests."""

import contextlib
import json
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.docker import docker
from containers.labels import TESTS as LABEL
from tests.images.tracking import PASSWORD, Tracking
from training import launch
from workstation.paths import ROOT

READY_SECONDS = 60.0
# As the role `api` runs it.
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=512m")


class Container:
    """A container of the API, and requests to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = f"http://{docker('port', name, '8000/tcp').splitlines()[0]}"

    def ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                self.ask("/readyz")
                return
            assert docker("inspect", "--format", "{{.State.Running}}", self.name) == "true", self.log()
            time.sleep(0.05)
        raise AssertionError(self.log())

    def log(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], check=True, capture_output=True, text=True)
        return done.stdout + done.stderr


def built(name: str) -> str:
    """Build the image from the checkout as it is, and return its tag."""
    made = subprocess.run(
        [sys.executable, "-m", "tools.images", name], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[0]


@pytest.fixture(scope="session")
def image() -> str:
    """The image `api`."""
    return built("api")


@pytest.fixture(scope="session")
def mlops() -> str:
    """The image `mlops`."""
    return built("mlops")


def content(image: str) -> dict[str, tarfile.TarInfo]:
    """Return the files of the image by path."""
    name = docker("create", "--label", LABEL, image)
    try:
        with (
            subprocess.Popen(["docker", "export", name], stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|") as archive,
        ):
            return {"/" + member.name: member for member in archive}
    finally:
        docker("rm", "--force", name)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles with one that training made with the Python of the tests."""
    output = tmp_path_factory.mktemp("training") / "var"
    settings = ("allow_generated=true", f"output={output}", "rounds=20")
    launch.run(*settings, variables={"MLFLOW_TRACKING_URI": ""})
    return output / "models"


def golden(models: Path) -> tuple[list[list[float | None]], list[float]]:
    """The golden rows of the bundle, and their predictions."""
    (path,) = models.glob("california/*/golden.json")
    document = json.loads(path.read_text())
    return document["rows"], document["predictions"]


@pytest.fixture
def run(image: str) -> Iterator[Callable[..., str]]:
    """Start a container of the image with the folder of bundles mounted; return its name."""
    started: list[str] = []

    def start(models: Path, *options: str) -> str:
        mount = f"--mount=type=bind,source={models},target=/models,readonly"
        started.append(docker("run", "--detach", "--label", LABEL, *HARDENED, mount, *options, image))
        return started[-1]

    yield start
    for name in started:
        docker("rm", "--force", name)


@pytest.fixture(scope="module")
def serve(mlops: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Tracking]]:
    """Start MLflow servers of the image; servers with the same `volume` share its data."""
    started: list[Tracking] = []
    volumes: set[str] = set()

    def start(volume: str, password: str | None = PASSWORD, wait: bool = True) -> Tracking:
        secrets = tmp_path_factory.mktemp("secrets")
        secrets.chmod(0o755)
        (secrets / "flask_secret_key").write_text("a key for forms")
        if password is not None:
            (secrets / "admin_password").write_text(f"{password}\n")
        if volume not in volumes:
            docker("volume", "create", "--label", LABEL, volume)
            volumes.add(volume)
        started.append(Tracking(mlops, volume, secrets, password))
        if wait:
            started[-1].wait_until_ready()
        return started[-1]

    yield start
    for server in started:
        docker("rm", "--force", server.name)
    for volume in volumes:
        docker("volume", "rm", volume)


@pytest.fixture(scope="module")
def tracking(serve: Callable[..., Tracking]) -> Tracking:
    """A running MLflow server for all tests of a module."""
    return serve(unique("tracking"))


@pytest.fixture
def volume() -> str:
    """A unique name for a volume."""
    return unique("volume")


def unique(name: str) -> str:
    return f"slipway-test-{name}-{uuid.uuid4().hex[:8]}"
