"""tools/client_key.py: `make key`."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from environments import schema
from tools import client_key
from workstation.errors import CommandError

KEY = re.compile(r"^    (slip_[A-Za-z0-9_-]{43})$", re.MULTILINE)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, list[dict[str, object]]]:
    """Run the tool; return the key and the clients of the lines to commit."""
    client_key.main(*arguments)
    text = capsys.readouterr().out
    (key,) = KEY.findall(text)
    lines = re.search(r"^api_clients:\n(?: .*\n)+", text, re.MULTILINE)
    assert lines, text
    # Unlike safe_load, the schema leaves a date as text.
    found = yaml.safe_load(re.sub(r"expires: (\S+)", r"expires: '\1'", lines[0]))
    return key, found["api_clients"]


def test_the_lines_let_the_key_in(capsys: pytest.CaptureFixture[str]) -> None:
    key, clients = printed(capsys, "mobile-app", "2027-01-31")
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert clients == [{"name": "mobile-app", "keys": [{"sha256": digest, "expires": "2027-01-31"}]}]
    assert list(schema.check_clients(clients)) == []


def test_a_key_without_a_last_day_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    # Make passes empty arguments for variables that nobody set.
    _, clients = printed(capsys, "mobile-app", "")
    assert [list(key) for key in clients[0]["keys"]] == [["sha256"]]  # type: ignore[attr-defined]


def test_each_key_is_another() -> None:
    keys: Iterator[str] = (client_key.make() for _ in range(100))
    assert len(set(keys)) == 100


@pytest.mark.parametrize("name", ["", "Mobile", "mobile app", "-x", "1st", "a" * 64, "a_b", "$(id)", "x-"])
def test_a_name_that_the_schema_would_refuse_gets_no_key(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(CommandError, match=re.escape(f"NAME={name!r}: wanted lower-case letters, digits and dashes")):
        client_key.main(name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("expires", ["tomorrow", "2027-02-30", "31.1.2027", "2027-1-1"])
def test_a_last_day_that_is_no_date_is_refused(expires: str) -> None:
    with pytest.raises(CommandError, match=re.escape(f"EXPIRES={expires!r}: wanted the last day")):
        client_key.main("mobile-app", expires)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    client_key.main("mobile-app")
    assert list(tmp_path.iterdir()) == []
