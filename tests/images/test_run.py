"""The image `api` with a mounted bundle and a read-only file system."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.docker import docker
from tests.app.http_client import Connection, request
from tests.images.conftest import Container, golden

pytestmark = pytest.mark.slow

Run = Callable[..., str]


def code_and_log(name: str) -> tuple[int, str]:
    """Wait until the container has ended; return its exit code and its log."""
    code = int(docker("wait", name))
    done = subprocess.run(["docker", "logs", name], check=True, capture_output=True, text=True)
    return code, done.stdout + done.stderr


@pytest.fixture
def served(run: Run, models: Path) -> Container:
    container = Container(run(models, "--publish=127.0.0.1::8000"))
    container.wait_until_ready()
    return container


def test_it_gives_the_golden_answers_read_only_and_without_capabilities(served: Container, models: Path) -> None:
    rows, predictions = golden(models)
    answer = served.ask("/predict", {"features": rows})
    assert answer["predictions"] == pytest.approx(predictions, rel=1e-5)
    assert (answer["model"], answer["version"]) == ("california", "1")

    status = docker("exec", served.name, "cat", "/proc/1/status")
    assert "Uid:\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status


def test_it_uses_the_fast_engine(served: Container) -> None:
    assert "onedal" in json.dumps(served.ask("/version"))


def test_docker_sees_that_it_is_healthy(image: str, served: Container) -> None:
    (_, *command) = json.loads(docker("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", image))
    docker("exec", served.name, *command)


def test_xgboost_runs_in_it_too(run: Run, models: Path) -> None:
    container = Container(run(models, "--publish=127.0.0.1::8000", "--env=SLIPWAY_ENGINE=xgboost"))
    container.wait_until_ready()
    rows, predictions = golden(models)
    assert container.ask("/predict", {"features": rows})["predictions"] == pytest.approx(predictions, rel=1e-6)


def test_it_needs_no_network(run: Run, models: Path) -> None:
    name = run(models, "--network=none")
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/readyz').status)"
    wait = f"import time\nwhile True:\n try:\n  {ask}; break\n except OSError: time.sleep(0.05)"
    assert docker("exec", name, "timeout", "60", "python", "-c", wait) == "200"


def test_on_a_unix_socket_it_needs_none_and_docker_still_sees_that_it_is_healthy(
    run: Run, models: Path, tmp_path_factory: pytest.TempPathFactory, image: str
) -> None:
    folder = tmp_path_factory.mktemp("s")
    # The container's user does not exist on this computer.
    folder.chmod(0o777)
    name = run(
        models, "--network=none", f"--volume={folder}:/run/slipway", "--env=SLIPWAY_SOCKET=/run/slipway/http.sock"
    )
    (_, *command) = json.loads(docker("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", image))
    docker("exec", name, "sh", "-c", f"until {shlex.join(command)}; do sleep 0.05; done")
    rows, predictions = golden(models)
    body = json.dumps({"features": rows}).encode()
    with Connection(str(folder / "http.sock")) as connection:
        assert connection.ask(request(body)).json["predictions"] == pytest.approx(predictions, rel=1e-5)
    docker("stop", "--time=30", name)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
    assert not list(folder.iterdir())


def test_it_ends_on_its_own_when_it_is_stopped(served: Container) -> None:
    docker("stop", "--time=30", served.name)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", served.name) == "0"


def test_a_bundle_that_was_tampered_with_is_refused_by_name(run: Run, models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "models"
    shutil.copytree(models, copy)
    (path,) = copy.rglob("model.ubj")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    code, log = code_and_log(run(copy))
    assert code != 0
    assert "model.ubj" in log
    assert "Traceback" not in log


def test_without_a_bundle_it_ends_with_a_sentence(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "models"
    empty.mkdir()
    code, log = code_and_log(run(empty))
    assert code != 0
    assert "SLIPWAY_MODEL_DIR='/models'" in log
    assert "Traceback" not in log
