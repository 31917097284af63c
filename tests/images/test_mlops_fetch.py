"""images/mlops/fetch.py: fetching a registered model from an MLflow server, as a release does."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bundle import MANIFEST, verify
from containers.docker import docker
from containers.labels import TESTS as LABEL
from tests.images.tracking import FETCH, HARDENED, PASSWORD, Tracking

pytestmark = pytest.mark.slow

Fetch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def registered(tracking: Tracking) -> Tracking:
    """A server with version 1 of `california`, which training in the image registered."""
    training = ("python", "-P", "-m", "training", "allow_generated=true", "output=/tmp/var", "rounds=20")
    variables = ("TRACKING_URI=http://127.0.0.1:5000", "TRACKING_USERNAME=admin", f"TRACKING_PASSWORD={PASSWORD}")
    environment = [f"--env=MLFLOW_{variable}" for variable in variables]
    docker(
        "run",
        "--rm",
        "--label",
        LABEL,
        *HARDENED,
        f"--network=container:{tracking.name}",
        *environment,
        tracking.image,
        *training,
    )
    return tracking


@pytest.fixture
def fetch(registered: Tracking, tmp_path: Path) -> Fetch:
    """Run the program beside the server with `tmp_path`/models mounted at /fetched."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models").chmod(0o777)
    tmp_path.chmod(0o755)

    def run(
        uri: str, password: str = PASSWORD, address: str = "http://127.0.0.1:5000"
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "password").write_text(f"{password}\n")
        environment = ["--env=MLFLOW_TRACKING_USERNAME=admin", "--env=MLFLOW_TRACKING_PASSWORD_FILE=/password"]
        environment += [f"--env=MLFLOW_TRACKING_URI={address}"]
        mounts = [f"--volume={tmp_path}/password:/password:ro", f"--volume={tmp_path}/models:/fetched"]
        network = f"--network=container:{registered.name}"
        command = ["docker", "run", "--rm", "--label", LABEL, *HARDENED, network, *mounts, *environment]
        return subprocess.run(
            [*command, registered.image, *FETCH, uri, "/fetched/new"], check=False, capture_output=True, text=True
        )

    return run


def test_a_registered_model_comes_whole_and_for_all_to_read(fetch: Fetch, tmp_path: Path) -> None:
    done = fetch("models:/california/1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (bundle,) = (tmp_path / "models").iterdir()
    assert MANIFEST in verify(bundle)
    assert bundle.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("uri", "given", "wanted"),
    [
        ("models:/california/9", {}, "version=9) not found"),
        ("models:/berlin/1", {}, "name=berlin not found"),
        ("models:/california/1", {"password": "wrong-password-1"}, "MLflow refuses the login of 'admin'"),
        ("models:/california/1", {"address": "http://127.0.0.1:1"}, "no MLflow server answers (["),
        ("models:/california/1", {"address": "sqlite:////x.db"}, "wanted http(s)://"),
        ("s3://bucket/key", {}, "s3://bucket/key: "),
        ("nonsense", {}, "nonsense: "),
    ],
)  # fmt: skip
def test_a_failed_fetch_prints_one_sentence(
    fetch: Fetch, tmp_path: Path, uri: str, given: dict[str, str], wanted: str
) -> None:
    done = fetch(uri, **given)
    assert done.returncode == 1
    assert wanted in done.stderr
    assert done.stderr.startswith("slipway: ")
    assert done.stderr.count("\n") == 1
    assert given.get("password", PASSWORD) not in done.stderr
    assert not list((tmp_path / "models").iterdir())
