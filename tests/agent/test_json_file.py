"""agent/json_file.py"""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.errors import ConfigError
from agent.json_file import build, load

PATH = Path("/x.json")


class Thing(NamedTuple):
    name: str
    number: int = 0
    share: float = 0
    words: tuple[str, ...] = ()
    numbers: dict[str, int] = {}  # noqa: RUF012  # no test changes it
    anything: dict[str, Any] = {}  # noqa: RUF012


def test_a_document_becomes_a_named_tuple() -> None:
    document = {"name": "a", "number": 2, "share": 1, "words": ["x"], "numbers": {"a": 1}, "anything": {"b": [None]}}
    thing = build(Thing, document, PATH)
    assert thing == Thing("a", 2, 1, ("x",), {"a": 1}, {"b": [None]})


def test_an_unknown_key_is_ignored_and_the_nearest_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Another version of the agent may know it."""
    assert build(Thing, {"name": "a", "nubmer": 2}, PATH) == Thing("a")
    assert capsys.readouterr().err == "slipway-pull: /x.json: nubmer: no such key, the nearest is 'number'; ignored\n"


def test_a_missing_key_is_named_with_what_was_wanted() -> None:
    with pytest.raises(ConfigError, match=r"^/x\.json: name is missing, wanted text$"):
        build(Thing, {}, PATH)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", 7, "name=7: wanted text"),
        ("name", None, "name=null: wanted text"),
        ("number", "7", 'number="7": wanted a whole number of 0 or more'),
        ("number", True, "number=true: wanted a whole number of 0 or more"),
        ("number", 1.5, "number=1.5: wanted a whole number of 0 or more"),
        ("number", -1, "number=-1: wanted a whole number of 0 or more"),
        ("share", float("nan"), "share=NaN: wanted a number of 0 or more"),
        ("share", "x", 'share="x": wanted a number of 0 or more'),
        ("words", "x", 'words="x": wanted a list of texts'),
        ("words", [1], r"words=\[1\]: wanted a list of texts"),
        ("numbers", {"a": "b"}, 'numbers={"a": "b"}: wanted an object of whole numbers'),
        ("anything", [], r"anything=\[\]: wanted an object"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_was_wanted(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^/x\\.json: {message}$"):
        build(Thing, {"name": "a"} | {key: value}, PATH)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("", "is not JSON"), ("[1]", r"holds \[1\], wanted an object"), ("7", "holds 7, wanted")],
)
def test_a_file_that_is_no_document_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path / "x.json")


def test_a_file_that_is_no_text_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not JSON"):
        load(tmp_path / "x.json")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)
