"""A container is replaced only when it has to be, and what keeps it from answering is said."""

import http.server
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway import container
from plugins.module_utils.slipway.container import LABEL, Container, ContainerError
from plugins.module_utils.slipway.docker import Docker, DockerError

SETTINGS = {"name": "it", "image": "r/i@sha256:1", "options": ["--a"], "command": ["serve"], "reads": [], "seconds": 5}


class FakeDocker(Docker):
    """What an engine would say."""

    def __init__(self, container: dict[str, Any] | None = None, image: bool = True) -> None:
        self.container, self.image = container, image
        self.asked: list[str] = []

    def pull(self, _image: str, quiet_seconds: float = 0) -> None:
        self.asked.append("pull")
        raise DockerError("docker pull: manifest unknown")

    def remove(self, _name: str, *_options: str) -> bool:
        if self.container:
            self.asked.append("rm")
        return self.container is not None

    def inspect(self, kind: str, _name: str) -> dict[str, Any] | None:
        return self.container if kind == "container" else {"Id": "sha256:new"}

    def require_image(self, image: str) -> None:
        if not self.image:
            self.pull(image)

    def run(self, *arguments: str, timeout: int = 0) -> str:
        self.asked.append(arguments[0])
        return ""

    def last_message(self, _name: str) -> str:
        return "slipway: /run/secrets: is missing"


def inspected(label: str, *, running: bool = True, began: float | None = None, restarts: int = 0) -> dict[str, Any]:
    started = datetime.fromtimestamp(time.time() if began is None else began, UTC)
    # As Go writes it: with nine digits, and a Z.
    text = started.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
    state = {"Running": running, "StartedAt": text}
    labels = {"Labels": {LABEL: label}}
    return {"Config": labels, "State": state, "RestartCount": restarts, "Image": "sha256:old"}


def container_of(docker: Docker, **replaced: Any) -> Container:
    return Container(SETTINGS | replaced, docker)


LABELLED = container_of(FakeDocker()).label()


def test_one_that_is_as_described_stays() -> None:
    assert container_of(FakeDocker(inspected(LABELLED))).outdated() == ""


@pytest.mark.parametrize("key", ["image", "options", "command"])
def test_one_that_was_described_otherwise_goes(key: str) -> None:
    other = "another" if key == "image" else ["another"]
    assert container_of(FakeDocker(inspected(LABELLED)), **{key: other}).outdated() == "its description changed"


def test_one_that_is_away_or_stands_still_is_run() -> None:
    assert container_of(FakeDocker()).outdated() == "there is no such container"
    assert container_of(FakeDocker(inspected(LABELLED, running=False))).outdated() == "it is not running"
    paused = inspected(LABELLED)
    paused["State"]["Paused"] = True
    assert container_of(FakeDocker(paused)).outdated() == "it is not running"


def test_a_newer_file_is_for_a_new_one_to_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    reads = [str(secret)]
    later = FakeDocker(inspected(LABELLED, began=time.time() + 60))
    earlier = FakeDocker(inspected(LABELLED, began=time.time() - 60))
    assert container_of(later, reads=reads).outdated() == ""
    assert container_of(earlier, reads=reads).outdated() == f"it started before {secret} was written"


def test_an_image_that_cannot_be_had_leaves_the_old_one() -> None:
    docker = FakeDocker(inspected("old"), image=False)
    with pytest.raises(DockerError, match="manifest unknown"):
        container_of(docker).replace()
    assert docker.asked == ["pull"]


def test_the_old_one_ends_before_the_new_one_begins() -> None:
    docker = FakeDocker(inspected("old"))
    assert container_of(docker).replace() == "sha256:old"
    assert docker.asked == ["stop", "rm", "run"]


def test_an_image_that_is_run_again_is_not_an_old_one() -> None:
    again = inspected("old") | {"Image": "sha256:new"}
    assert container_of(FakeDocker(again)).replace() is None
    assert container_of(FakeDocker()).replace() is None


@pytest.mark.parametrize("found", [None, inspected("x", running=False), inspected("x", restarts=3)])
def test_one_that_ends_is_told_by_its_last_words(found: dict[str, Any] | None) -> None:
    with pytest.raises(ContainerError, match=r"^it: its container ended: slipway: /run/secrets: is missing$"):
        container_of(FakeDocker(found), url="http://127.0.0.1:1/").await_answer()


def test_one_that_was_started_again_long_ago_gets_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "STUCK_SECONDS", 0)
    found = inspected(LABELLED, began=time.time() - 3600, restarts=3)
    reason = container_of(FakeDocker(found), url="http://127.0.0.1:1/").stuck()
    assert reason == "it: no answer at http://127.0.0.1:1/ within 0 s: slipway: /run/secrets: is missing"


def test_one_that_is_started_again_meanwhile_has_ended() -> None:
    found = inspected(LABELLED, restarts=4)
    with pytest.raises(ContainerError, match="its container ended"):
        container_of(FakeDocker(found), url="http://127.0.0.1:1/").await_answer(60, restarts=3)


def test_one_that_does_not_answer_in_time_is_told_with_the_limit() -> None:
    with pytest.raises(ContainerError, match=r"no answer at http://127\.0\.0\.1:1/ within 0 s"):
        container_of(FakeDocker(inspected("x")), url="http://127.0.0.1:1/", seconds=0).await_answer()


@pytest.fixture
def url() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_an_answer_is_enough(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy of the environment's has no business with the host's own port.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    container_of(FakeDocker(), url=url).await_answer()


def test_one_that_answers_is_not_stuck(url: str) -> None:
    found = inspected(LABELLED, began=time.time() - 3600, restarts=3)
    assert container_of(FakeDocker(found), url=url).stuck() == ""


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_secret_that_is_missing_is_named_and_leaves_the_old_one(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "admin_password"
    if kind == "folder":
        secret.mkdir()
    docker = FakeDocker(inspected("old"))
    with pytest.raises(ContainerError, match=rf"^it: {secret} is missing or not a file; the container reads it$"):
        container_of(docker, reads=[str(secret)]).replace()
    assert docker.asked == []
    assert container_of(FakeDocker(inspected(LABELLED)), reads=[str(secret)]).outdated()


def test_one_that_is_not_wanted_is_stopped_and_removed() -> None:
    docker = FakeDocker(inspected("old"))
    assert container_of(docker).remove()
    assert docker.asked == ["stop", "rm"]
    assert not container_of(FakeDocker()).remove()
