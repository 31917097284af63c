"""rehearsal/release_file.py"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import release_file
from rehearsal.release_file import Pin
from rehearsal.remote import Remote
from workstation.errors import CommandError

SHA = "ab" * 32
IMAGE = f"registry:5000/slipway-api@sha256:{'0' * 64}"
PIN = Pin("california", "models:/california/2", SHA)
FIRST: dict[str, Any] = {
    "image": IMAGE,
    "default_model": "california",
    "models": {"california": {"uri": "models:/california/1", "sha256": SHA}},
}


def test_the_first_release_says_it_all() -> None:
    made = release_file.changed({}, PIN, IMAGE)
    assert made == FIRST | {"models": {"california": {"uri": "models:/california/2", "sha256": SHA}}}


def test_what_is_not_named_stays() -> None:
    other = {"uri": "models:/other/1", "sha256": SHA}
    both = FIRST | {"models": FIRST["models"] | {"other": other}}
    made = release_file.changed(both, PIN, "")
    assert made["image"] == IMAGE
    assert made["models"]["other"] == other
    assert made["models"]["california"]["uri"] == "models:/california/2"
    assert release_file.changed(FIRST, None, IMAGE.replace("0", "1"))["models"] == FIRST["models"]


@pytest.mark.parametrize(("pin", "image", "wanted"), [(PIN, "", "IMAGE="), (None, IMAGE, "MODEL=")])
def test_a_first_release_wants_both(pin: Pin | None, image: str, wanted: str) -> None:
    with pytest.raises(CommandError, match=wanted):
        release_file.changed({}, pin, image)


def test_what_the_schema_does_not_allow_is_refused() -> None:
    with pytest.raises(CommandError, match="sha256"):
        release_file.changed(FIRST, Pin("california", "models:/california/2", "short"), "")
    with pytest.raises(CommandError, match="by digest"):
        release_file.changed(FIRST, None, "slipway-api:latest")


def test_what_is_written_is_what_is_read() -> None:
    assert yaml.safe_load(release_file.dumped(FIRST)) == FIRST
    assert release_file.parsed(release_file.dumped(FIRST)) == FIRST
    assert release_file.parsed("# nothing\n") == {}


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "word"])
def test_an_unreadable_release_is_an_error_that_names_rollback(text: str) -> None:
    with pytest.raises(CommandError, match="make rollback"):
        release_file.parsed(text)


def test_a_version_is_a_number_or_the_beginning_of_a_digest() -> None:
    assert release_file.title(FIRST) == "california 1"
    assert release_file.title({"models": {"m": {"uri": "file:///srv/m", "sha256": SHA}}}) == f"m {SHA[:12]}"
    assert release_file.title({}) == "nothing"


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"manifest\.json.*wanted models:/"):
        release_file.folder_sha256(tmp_path)


def begin(remote: Remote) -> None:
    base = remote.git.text("mktree")
    remote.commit(remote.tree(base, {"release.yml": "# nothing\n"}), "Begin\n", ())


def test_going_back_is_to_what_was_before_the_last_release(remote: Remote) -> None:
    begin(remote)
    one, two = release_file.dumped(FIRST), release_file.dumped(release_file.changed(FIRST, PIN, ""))
    remote.change({"release.yml": one}, "Release 1\n")
    second = remote.change({"release.yml": two}, "Release 2\n")
    remote.change({"other": "x"}, "Take the checkout\n")
    assert release_file.reverted(remote) == (second, one)


def test_going_back_from_a_release_that_nobody_can_read(remote: Remote) -> None:
    begin(remote)
    remote.change({"release.yml": release_file.dumped(FIRST)}, "Release 1\n")
    broken = remote.change({"release.yml": "image: [\n"}, "Break it\n")
    assert release_file.reverted(remote) == (broken, release_file.dumped(FIRST))


def test_before_the_first_release_there_is_nothing_to_go_back_to(remote: Remote) -> None:
    begin(remote)
    with pytest.raises(CommandError, match="nothing to roll back"):
        release_file.reverted(remote)
    remote.change({"release.yml": release_file.dumped(FIRST)}, "Release 1\n")
    with pytest.raises(CommandError, match="nothing to roll back to"):
        release_file.reverted(remote)
