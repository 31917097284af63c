"""The commands of docs/release.md for an image with the model inside."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xgboost

from containers.docker import docker
from containers.labels import TESTS as LABEL
from tests.images.conftest import Container, golden, unique
from workstation.paths import ROOT

pytestmark = pytest.mark.slow


def commands() -> dict[str, str]:
    """The documented commands, by their first two words."""
    text = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## A container without a host\n.*?```sh\n(.*?)```", text, re.DOTALL)
    lines = block.replace("\\\n", "").splitlines()
    return {" ".join(line.split("|")[-1].split()[:2]): line for line in lines}


@pytest.fixture(scope="module")
def baked(image: str, models: Path) -> Iterator[Container]:
    """The container that the documented commands start, with names and a port of the test's own."""
    tag = unique("baked")
    build = commands()["docker build"].replace("FROM slipway-api", f"FROM {image}").replace("california:1", tag)
    build = build.replace("var/models", str(models)).replace("docker build", f"docker build --label {LABEL}")
    # With the engine's own builder, since not every engine has buildx.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    subprocess.run(["sh", "-euc", build], check=True, env=environment, stdout=subprocess.DEVNULL)
    run = commands()["docker run"].replace("california:1", tag).replace("127.0.0.1:8000:8000", "127.0.0.1::8000")
    run = run.replace("docker run", f"docker run --label {LABEL}")
    done = subprocess.run(["sh", "-euc", run], check=True, stdout=subprocess.PIPE, text=True)
    name = done.stdout.strip()
    try:
        container = Container(name)
        container.wait_until_ready()
        yield container
    finally:
        docker("rm", "--force", name)
        docker("rmi", "--force", tag)


def test_it_gives_xgboosts_predictions_on_its_port(baked: Container, models: Path) -> None:
    rows, _ = golden(models)
    (path,) = models.glob("california/*/model.ubj")
    features = np.array([[np.nan if value is None else value for value in row] for row in rows], np.float32)
    wanted = xgboost.Booster(model_file=path).inplace_predict(features, validate_features=False)
    assert baked.ask("/predict", {"features": rows})["predictions"] == pytest.approx(wanted.tolist(), rel=1e-5)
    alone = [baked.ask("/predict", {"features": [row]})["predictions"][0] for row in rows[:5]]
    assert alone == pytest.approx(wanted[:5].tolist(), rel=1e-5)


def test_it_runs_read_only_as_a_plain_user_without_capabilities(baked: Container) -> None:
    status = docker("exec", baked.name, "cat", "/proc/1/status")
    assert "Uid:\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status
    assert docker("inspect", "--format", "{{.HostConfig.ReadonlyRootfs}}", baked.name) == "true"
    writable = docker("exec", baked.name, "sh", "-c", "find /models -writable")
    # On a read-only file system access(2) denies everything, so check the owner too.
    assert writable == ""
    assert set(docker("exec", baked.name, "find", "/models", "-printf", "%U ").split()) == {"0"}


def test_it_is_published_on_loopback_alone(baked: Container) -> None:
    assert baked.url.startswith("http://127.0.0.1:")
    assert len(docker("port", baked.name).splitlines()) == 1


def test_it_says_what_it_serves(baked: Container) -> None:
    (model,) = baked.ask("/version")["models"]
    assert (model["name"], model["version"]) == ("california", "1")
