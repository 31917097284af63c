"""The links that say which colour is released, and which the gateway may use."""

import os
from pathlib import Path

import pytest

from plugins.module_utils.slipway.colours import Colours
from plugins.module_utils.slipway.docker import Docker


@pytest.fixture
def colours(tmp_path: Path) -> Colours:
    return Colours(Docker(lambda _: (1, "", "")), str(tmp_path))


def test_at_first_none_serves_and_blue_is_free(colours: Colours) -> None:
    assert (colours.live(), colours.idle()) == (None, "blue")


def test_each_switch_takes_the_other(colours: Colours) -> None:
    for colour, other in (("blue", "green"), ("green", "blue"), ("blue", "green")):
        colours.release(colour)
        assert (colours.live(), colours.idle()) == (colour, other)


def test_a_switch_that_was_cut_off_does_not_hinder_the_next(colours: Colours, tmp_path: Path) -> None:
    colours.release("blue")
    (tmp_path / "current.new").symlink_to("green")
    assert colours.live() == "blue"
    colours.release("green")
    assert colours.live() == "green"
    assert not (tmp_path / "current.new").is_symlink()


def test_a_link_to_something_else_is_no_colour(colours: Colours, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("red")
    assert colours.live() is None


def test_no_link_is_no_server(colours: Colours) -> None:
    colours.release("green")
    colours.clear()
    colours.clear()
    assert colours.live() is None


def test_what_is_no_link_gives_way(colours: Colours, tmp_path: Path) -> None:
    for kind in ("folder", "file"):
        path = tmp_path / "current"
        (path / "x").mkdir(parents=True) if kind == "folder" else path.write_text("x")
        assert colours.live() is None
        colours.release("blue")
        assert colours.live() == "blue"
        colours.clear()


def test_the_link_is_on_the_disk_once_it_is_turned(
    colours: Colours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    colours.release("blue")
    assert synced == [str(tmp_path)]


def test_the_gateway_finds_a_colour_while_it_is_published(colours: Colours, tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "blue").mkdir()
    (tmp_path / "blue" / "http.sock").write_text("")
    assert colours.publish("blue")
    assert not colours.publish("blue")
    # Relative, since the gateway sees this folder as the root of all.
    assert (tmp_path / "serving" / "blue").readlink() == Path("../blue")
    assert (tmp_path / "serving" / "blue" / "http.sock").exists()
    assert colours.unpublish("blue")
    assert not colours.unpublish("blue")


def test_what_is_in_the_place_of_a_published_colour_gives_way(colours: Colours, tmp_path: Path) -> None:
    (tmp_path / "serving" / "blue").mkdir(parents=True)
    assert colours.publish("blue")
    assert (tmp_path / "serving" / "blue").readlink() == Path("../blue")
