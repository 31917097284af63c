"""plugins/module_utils/slipway/haproxy.py; test_haproxy_real.py asks a real HAProxy."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.module_utils.slipway import haproxy
from tests.plugins import fake_haproxy
from tests.plugins.fake_haproxy import FakeHAProxy

FILE = "/etc/haproxy/slipway/clients.map"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "admin.sock")


@pytest.fixture
def process(path: str) -> Iterator[FakeHAProxy]:
    with fake_haproxy.listening(Path(path)) as process:
        process.maps[FILE] = [("a", "one 1 0")]
        yield process


def test_a_map_is_read_in_order(path: str, process: FakeHAProxy) -> None:
    process.maps[FILE] = [("b", "x y z"), ("a", "w")]
    assert haproxy.read_map(path, FILE) == [("b", "x y z"), ("a", "w")]


@pytest.mark.usefixtures("process")
def test_a_map_that_was_not_loaded_is_none(path: str) -> None:
    assert haproxy.read_map(path, "/other.map") is None


def test_an_empty_map_is_not_none(path: str, process: FakeHAProxy) -> None:
    process.maps[FILE] = []
    assert haproxy.read_map(path, FILE) == []


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_all_entries_are_replaced_by_one_commit(path: str, process: FakeHAProxy, count: int) -> None:
    entries = [(f"{number:064x}", f"client-{number} 1801440000 0") for number in range(count)]
    haproxy.replace_map(path, FILE, entries)
    assert haproxy.read_map(path, FILE) == entries
    assert [command.split()[0] for command in process.commands].count("commit") == 1


def test_a_refusal_leaves_the_old_entries_and_no_half_made_version(path: str, process: FakeHAProxy) -> None:
    process.refused = "commit"
    with pytest.raises(haproxy.HAProxyError, match=r"commit map @1 /etc/.*: Out of memory error"):
        haproxy.replace_map(path, FILE, [("b", "two 2 0")])
    assert haproxy.read_map(path, FILE) == [("a", "one 1 0")]
    assert process.versions == {}


def test_where_nobody_listens_it_does_not_run(path: str) -> None:
    with pytest.raises(haproxy.NotRunningError, match="No such file"):
        haproxy.read_map(path, FILE)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(path)
    with pytest.raises(haproxy.NotRunningError, match="refused"):
        haproxy.read_map(path, FILE)


def test_an_answer_that_does_not_come_is_an_error(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haproxy, "TIMEOUT_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(path)
        hanging.listen()
        with pytest.raises(TimeoutError):
            haproxy.read_map(path, FILE)
