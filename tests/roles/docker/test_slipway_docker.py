"""What Docker and the containers say becomes one line."""

import pytest
from ansible.module_utils.slipway_docker import Docker, DockerError, said


def test_what_docker_prints_is_returned() -> None:
    asked: list[list[str]] = []
    docker = Docker(lambda command: asked.append(command) or (0, "out\n", ""))  # type: ignore[func-returns-value]
    assert docker.run("pull", "x", timeout=5) == "out\n"
    assert asked == [["timeout", "5", "docker", "pull", "x"]]


def test_a_failure_is_its_last_line() -> None:
    docker = Docker(lambda _: (1, "", "Unable to find image\ndocker: manifest unknown.\n\n"))
    with pytest.raises(DockerError, match=r"^docker pull: docker: manifest unknown\.$"):
        docker.run("pull", "x")


def test_running_out_of_time_says_so() -> None:
    with pytest.raises(DockerError, match="took longer than 5 s"):
        Docker(lambda _: (124, "", "")).run("pull", "x", timeout=5)


def test_what_is_not_there_is_none() -> None:
    assert Docker(lambda _: (1, "[]", "Error: No such container: x")).inspect("container", "x") is None


def test_an_engine_that_is_away_is_an_error() -> None:
    with pytest.raises(DockerError, match="Cannot connect"):
        Docker(lambda _: (1, "", "Cannot connect to the Docker daemon")).inspect("container", "x")


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("slipway: /models/x/model.ubj: sha256 differs\n", "slipway: /models/x/model.ubj: sha256 differs"),
        ('{"message": "first"}\n{"level": "error", "message": "golden row 3"}\n', "golden row 3"),
        ('{"level": "error"}\n', '{"level": "error"}'),
        ("[1]\n", "[1]"),
        ("\n", ""),
    ],
)
def test_the_last_message_of_a_log(log: str, sentence: str) -> None:
    assert said(log) == sentence
