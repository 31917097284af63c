"""What Docker and the containers say becomes one line."""

import pytest

from plugins.module_utils.slipway.docker import Docker, DockerError, RunCommand, canonical, last_message


def test_what_docker_prints_is_returned() -> None:
    asked: list[list[str]] = []
    docker = Docker(lambda command: asked.append(command) or (0, "out\n", ""))  # type: ignore[func-returns-value]
    assert docker.run("pull", "x", timeout=5) == "out\n"
    assert asked == [["timeout", "--kill-after=5", "5", "docker", "pull", "x"]]


def test_no_call_is_without_a_limit() -> None:
    asked: list[list[str]] = []
    docker = Docker(lambda command: asked.append(command) or (0, "[{}]", ""))  # type: ignore[func-returns-value]
    docker.run("ps")
    docker.inspect("image", "x")
    docker.last_message("x")
    docker.remove("x")
    assert len(asked) == 5
    assert {tuple(command[:3]) for command in asked} == {("timeout", "--kill-after=5", "100")}


def test_a_failure_is_its_last_line() -> None:
    docker = Docker(lambda _: (1, "", "Unable to find image\ndocker: manifest unknown.\n\n"))
    with pytest.raises(DockerError, match=r"^docker pull: docker: manifest unknown\.$"):
        docker.run("pull", "x")


def saying(code: int, errors: str = "") -> RunCommand:
    return lambda _: (code, "", errors)


def test_running_out_of_time_says_so() -> None:
    with pytest.raises(DockerError, match="took longer than 5 s"):
        Docker(lambda _: (124, "", "")).run("pull", "x", timeout=5)
    # A client that a signal did not end was killed.
    for code in (137, -9):
        with pytest.raises(DockerError, match="took longer than 0 s"):
            Docker(saying(code)).run("run", "x", timeout=0)


def test_running_out_of_memory_is_another_thing() -> None:
    with pytest.raises(DockerError, match="was killed, perhaps because it exceeded its memory limit"):
        Docker(lambda _: (137, "", "")).run("run", "x")


def test_dockers_hint_is_not_the_reason() -> None:
    for hint in ("See 'docker run --help'.", "Run 'docker run --help' for more information"):
        docker = Docker(saying(125, f"docker: bind source path does not exist: /x.\n\n{hint}\n"))
        with pytest.raises(DockerError, match="bind source path does not exist: /x"):
            docker.run("run", "x")


def test_what_is_not_there_is_not_removed() -> None:
    asked: list[str] = []
    gone = Docker(lambda command: asked.append(command[4]) or (1, "[]", "Error: No such container: x"))  # type: ignore[func-returns-value]
    assert not gone.remove("x")
    assert asked == ["container"]


DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    "image",
    ["me/api", "me/api:1.0", "docker.io/me/api", "docker.io/me/api:1.0", "index.docker.io/me/api"],
)
def test_names_of_the_same_image_are_one(image: str) -> None:
    assert canonical(f"{image}@{DIGEST}") == f"docker.io/me/api@{DIGEST}"


@pytest.mark.parametrize("image", ["api", "api:1", "library/api", "docker.io/api:1", "docker.io/library/api"])
def test_an_image_without_an_owner_is_the_librarys(image: str) -> None:
    assert canonical(f"{image}@{DIGEST}") == f"docker.io/library/api@{DIGEST}"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("registry:5000/api:1.0", "registry:5000/api"),
        ("registry:5000/api", "registry:5000/api"),
        ("localhost/api", "localhost/api"),
        ("ghcr.io/me/slipway-api:2", "ghcr.io/me/slipway-api"),
    ],
)
def test_a_registry_is_part_of_the_name(image: str, name: str) -> None:
    assert canonical(f"{image}@{DIGEST}") == f"{name}@{DIGEST}"


def test_images_differ_by_digest() -> None:
    assert canonical(f"api@{DIGEST}") != canonical(f"api@{DIGEST[:-1]}b")


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
    assert last_message(log) == sentence
