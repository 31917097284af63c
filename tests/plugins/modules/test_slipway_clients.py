"""The map of keys is brought in line, in its file and in the HAProxy that runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway import haproxy
from plugins.modules import slipway_clients
from plugins.modules.slipway_clients import Clients
from tests.plugins import fake_haproxy
from tests.plugins.fake_haproxy import FakeHAProxy

CLIENTS: list[dict[str, Any]] = [
    {"name": "mobile-app", "keys": [{"sha256": "a" * 64, "expires": "2027-01-31"}, {"sha256": "b" * 64}]},
    {"name": "reports", "requests_per_second": 5, "keys": [{"sha256": "c" * 64}]},
]
NEVER = 253402300800
WANTED = [
    # The end of that day in UTC: 2027-02-01T00:00:00Z.
    ("a" * 64, "mobile-app 1801440000 0"),
    ("b" * 64, f"mobile-app {NEVER} 0"),
    ("c" * 64, f"reports {NEVER} 5"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clients.map"


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "master.sock"


@pytest.fixture
def process(socket: Path, path: Path) -> Iterator[FakeHAProxy]:
    """An HAProxy that has loaded an empty list; the socket is its master's."""
    with fake_haproxy.listening(socket) as process:
        process.maps[str(path)] = []
        yield process


def run(path: Path, socket: Path, clients: list[dict[str, Any]]) -> bool:
    """Apply the list; return whether something changed."""
    found = Clients(clients, str(path), str(socket))
    changed = found.is_changed()
    found.apply()
    return changed


def in_file(path: Path) -> list[tuple[str, ...]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def test_the_file_and_the_process_get_the_list_once(path: Path, socket: Path, process: FakeHAProxy) -> None:
    assert run(path, socket, CLIENTS)
    assert in_file(path) == process.maps[str(path)] == WANTED
    assert path.stat().st_mode & 0o777 == 0o644
    assert not run(path, socket, CLIENTS)


def test_a_client_that_left_the_list_leaves_both(path: Path, socket: Path, process: FakeHAProxy) -> None:
    run(path, socket, CLIENTS)
    assert run(path, socket, CLIENTS[1:])
    assert in_file(path) == process.maps[str(path)] == WANTED[2:]
    assert run(path, socket, [])
    assert in_file(path) == process.maps[str(path)] == []


def test_a_process_that_was_changed_by_hand_is_put_right(path: Path, socket: Path, process: FakeHAProxy) -> None:
    run(path, socket, CLIENTS)
    process.maps[str(path)].append(("d" * 64, "intruder 253402300800 0"))
    assert run(path, socket, CLIENTS)
    assert process.maps[str(path)] == WANTED


def test_without_a_process_the_file_is_enough(path: Path, socket: Path) -> None:
    assert run(path, socket, CLIENTS)
    assert in_file(path) == WANTED
    assert not run(path, socket, CLIENTS)


def test_a_process_that_has_not_loaded_the_map_reads_the_file_later(
    path: Path, socket: Path, process: FakeHAProxy
) -> None:
    del process.maps[str(path)]
    assert run(path, socket, CLIENTS)
    assert in_file(path) == WANTED
    assert process.maps == {}


def test_a_process_from_before_a_reload_gets_the_list_too(path: Path, socket: Path, process: FakeHAProxy) -> None:
    old = process.old["9"] = FakeHAProxy()
    old.maps[str(path)] = WANTED[:1]
    assert run(path, socket, CLIENTS)
    assert old.maps == process.maps == {str(path): WANTED}
    assert not run(path, socket, CLIENTS)


def test_a_process_that_ends_meanwhile_is_no_fault(path: Path, socket: Path, process: FakeHAProxy) -> None:
    process.old["9"] = FakeHAProxy()
    process.old["9"].maps[str(path)] = WANTED[:1]
    found = Clients(CLIENTS, str(path), str(socket))
    del process.old["9"]
    found.apply()
    assert process.maps[str(path)] == WANTED


def test_looking_changes_nothing(path: Path, socket: Path, process: FakeHAProxy) -> None:
    # As in check mode.
    assert Clients(CLIENTS, str(path), str(socket)).is_changed()
    assert not path.exists()
    assert process.maps[str(path)] == []


def test_where_the_process_refuses_the_next_run_tries_again(path: Path, socket: Path, process: FakeHAProxy) -> None:
    process.refused = "commit"
    with pytest.raises(haproxy.HAProxyError):
        run(path, socket, CLIENTS)
    # After a restart HAProxy has the new list all the same.
    assert in_file(path) == WANTED
    process.refused = ""
    assert run(path, socket, CLIENTS)
    assert process.maps[str(path)] == WANTED


def test_the_last_day_of_all_is_a_day() -> None:
    assert slipway_clients.end("9999-12-31") == NEVER
