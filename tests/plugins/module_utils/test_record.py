"""What is served and what was before it; whatever is neither goes."""

import json
from pathlib import Path

import pytest

from plugins.module_utils.slipway.docker import Docker, DockerError
from plugins.module_utils.slipway.record import differs, prune, read, write


def release(number: int, image: str = "api@sha256:1") -> dict[str, object]:
    return {"image": image, "models": {"california": {"version": str(number), "sha256": f"sha{number}"}}}


def test_nothing_is_recorded_at_first(tmp_path: Path) -> None:
    assert read(str(tmp_path / "release.json")) == {}


def test_the_first_release_has_none_before_it(tmp_path: Path) -> None:
    assert write(str(tmp_path / "release.json"), release(1))["previous"] is None


def test_the_one_before_is_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "release.json")
    write(path, release(1))
    write(path, release(2))
    assert read(path)["previous"] == release(1)
    assert read(path)["models"] == release(2)["models"]


def test_the_record_differs_until_it_is_written(tmp_path: Path) -> None:
    path = str(tmp_path / "release.json")
    assert differs(path, release(1))
    write(path, release(1))
    assert not differs(path, release(1))
    assert differs(path, release(2))


def test_a_record_that_gains_a_key_is_of_the_same_release(tmp_path: Path) -> None:
    path = str(tmp_path / "release.json")
    write(path, release(1))
    write(path, release(2))
    more = release(2) | {"default_model": "california"}
    assert differs(path, more)
    assert write(path, more)["previous"] == release(1)
    again = release(3) | {"default_model": "california"}
    assert write(path, again)["previous"] == more


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', '{"models": 1}', '{"models": {"a": 1}, "image": "i"}', '{"image": 1, "models": {}}'],
)
def test_a_damaged_record_is_written_anew(tmp_path: Path, text: str) -> None:
    path = str(tmp_path / "release.json")
    Path(path).write_text(text)
    assert differs(path, release(1))
    assert write(path, release(1))["previous"] is None
    assert not differs(path, release(1))


def test_a_damaged_previous_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    path.write_text(json.dumps(release(1) | {"previous": {"models": []}}))
    assert read(str(path)) == release(1) | {"previous": None}


def test_a_folder_in_the_records_place_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    (path / "x").mkdir(parents=True)
    write(str(path), release(1))
    assert read(str(path))["models"] == release(1)["models"]


class Engine(Docker):
    """Docker with some images, one of which is in use."""

    def __init__(self, *images: str) -> None:
        self.images = set(images)

    def run(self, *arguments: str, timeout: int = 0) -> str:
        if arguments[:2] == ("image", "ls"):
            return "\n".join(self.images)
        if arguments[-1] == "used@sha256:4":
            raise DockerError("docker image: image is being used")
        self.images.remove(arguments[-1])
        return ""


def test_what_is_neither_current_nor_previous_is_removed(tmp_path: Path) -> None:
    for name in ("sha1", "sha2", "sha3", "sha9.new"):
        (tmp_path / name).mkdir()
    record = {**release(3, "c@sha256:3"), "previous": release(2, "b@sha256:2")}
    engine = Engine("a@sha256:1", "b@sha256:2", "c@sha256:3", "built@<none>")
    assert prune(engine, json.loads(json.dumps(record)), str(tmp_path)) == []
    assert {path.name for path in tmp_path.iterdir()} == {"sha2", "sha3"}
    assert engine.images == {"b@sha256:2", "c@sha256:3", "built@<none>"}


def test_a_file_among_the_bundles_goes_too(tmp_path: Path) -> None:
    (tmp_path / "sha1").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "link").symlink_to("/etc")
    prune(Engine(), {**release(1), "previous": None}, str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["sha1"]


def test_an_image_is_kept_by_whatever_name_it_was_released(tmp_path: Path) -> None:
    record = {**release(2, "r:5000/api:2@sha256:2"), "previous": release(1, "docker.io/me/api@sha256:1")}
    engine = Engine("r:5000/api@sha256:2", "me/api@sha256:1", "me/api@sha256:0")
    assert prune(engine, record, str(tmp_path)) == []
    assert engine.images == {"r:5000/api@sha256:2", "me/api@sha256:1"}


def test_an_image_that_does_not_go_is_told(tmp_path: Path) -> None:
    assert prune(Engine("used@sha256:4"), {**release(1, "a@sha256:1"), "previous": None}, str(tmp_path)) == [
        "used@sha256:4 stays: docker image: image is being used"
    ]
