"""What a real engine does with what docker.py asks of it: nothing waits forever, nothing is left behind."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers.labels import TESTS as LABEL
from plugins.module_utils.slipway.docker import DockerError
from tests.plugins.engine import DOCKER, hanging_registry, tiny_image, unique

pytestmark = pytest.mark.slow
DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with tiny_image("exec sleep 600") as name:
        yield name


def pulls(image: str) -> str:
    """The processes that pull an image."""
    return subprocess.run(
        ["pgrep", "--full", f"^docker pull {image}"], check=False, capture_output=True, text=True
    ).stdout


def test_a_registry_that_greets_and_then_hangs_ends_the_pull() -> None:
    with hanging_registry(greets=True) as registry:
        image = f"{registry}/slipway-api@{DIGEST}"
        with pytest.raises(DockerError, match=f"the registry of {image} has sent nothing for 3 s"):
            DOCKER.pull(image, quiet_seconds=3)
        assert not pulls(image)


def test_a_registry_that_never_answers_ends_the_pull() -> None:
    with hanging_registry(greets=False) as registry:
        image = f"{registry}/slipway-api@{DIGEST}"
        with pytest.raises(DockerError, match=r"^docker pull: "):
            DOCKER.pull(image, quiet_seconds=3)
        assert not pulls(image)


def test_no_registry_is_told_by_docker() -> None:
    with pytest.raises(DockerError, match=r"^docker pull: .*connection refused"):
        DOCKER.pull(f"127.0.0.1:1/slipway-api@{DIGEST}")


def test_a_file_that_is_missing_is_named_and_not_made(image: str, tmp_path: Path) -> None:
    mount = f"--mount=type=bind,source={tmp_path}/admin_password,target=/password,readonly"
    with pytest.raises(DockerError, match=f"bind source path does not exist: {tmp_path}/admin_password"):
        DOCKER.run("run", "--rm", "--label", LABEL, mount, image, "sleep", "0")
    assert not (tmp_path / "admin_password").exists()


@pytest.mark.parametrize("command", ["exec sleep 600", "trap '' TERM; while :; do sleep 1; done"])
def test_a_container_that_does_not_end_is_ended(image: str, command: str) -> None:
    name = unique("endless")
    try:
        with pytest.raises(DockerError, match="docker run took longer than 2 s"):
            DOCKER.run("run", "--rm", "--init", "--name", name, "--label", LABEL, image, "sh", "-c", command, timeout=2)
    finally:
        DOCKER.remove(name)
    assert DOCKER.inspect("container", name) is None


def test_removing_takes_what_runs(image: str) -> None:
    name = unique("running")
    DOCKER.run("run", "--detach", "--name", name, "--label", LABEL, image, "sleep", "600")
    assert DOCKER.remove(name)
    assert not DOCKER.remove(name)
