"""plugins/module_utils/slipway/haproxy.py; tests/roles/test_clients_cfg.py has a real HAProxy."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.module_utils.slipway import haproxy
from plugins.module_utils.slipway.haproxy import Process
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
    assert Process(path).read_map(FILE) == [("b", "x y z"), ("a", "w")]


@pytest.mark.usefixtures("process")
def test_a_map_that_was_not_loaded_is_none(path: str) -> None:
    assert Process(path).read_map("/other.map") is None


def test_an_empty_map_is_not_none(path: str, process: FakeHAProxy) -> None:
    process.maps[FILE] = []
    assert Process(path).read_map(FILE) == []


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_all_entries_are_replaced_by_one_commit(path: str, process: FakeHAProxy, count: int) -> None:
    entries = [(f"{number:064x}", f"client-{number} 1801440000 0") for number in range(count)]
    Process(path).replace_map(FILE, entries)
    assert Process(path).read_map(FILE) == entries
    assert [command.split()[0] for command in process.commands].count("commit") == 1


def test_a_refusal_leaves_the_old_entries_and_no_half_made_version(path: str, process: FakeHAProxy) -> None:
    process.refused = "commit"
    with pytest.raises(haproxy.HAProxyError, match=r"commit map @1 /etc/.*: Out of memory error"):
        Process(path).replace_map(FILE, [("b", "two 2 0")])
    assert Process(path).read_map(FILE) == [("a", "one 1 0")]
    assert process.versions == {}


def test_the_counters_of_a_table_are_read_by_key(path: str, process: FakeHAProxy) -> None:
    process.tables["api_answers"] = {"blue": [3, 1, 2, 2**32 + 5], "green": [0, 0, 0, 0]}
    assert Process(path).read_counters("api_answers") == {"blue": [3, 1, 2, 5], "green": [0, 0, 0, 0]}
    process.tables["api_answers"] = {}
    assert Process(path).read_counters("api_answers") == {}
    assert Process(path).read_counters("other") is None


def test_where_nobody_listens_it_does_not_run(path: str) -> None:
    with pytest.raises(haproxy.NotRunningError, match="No such file"):
        Process(path).read_map(FILE)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(path)
    with pytest.raises(haproxy.NotRunningError, match="refused"):
        Process(path).read_map(FILE)


def test_an_answer_that_does_not_come_is_an_error(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haproxy, "TIMEOUT_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(path)
        hanging.listen()
        with pytest.raises(TimeoutError):
            Process(path).read_map(FILE)


def test_a_connection_that_ends_without_an_answer_is_no_empty_map(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as reloading:
        reloading.bind(path)
        reloading.listen()

        def close() -> None:
            connection, _ = reloading.accept()
            connection.recv(1000)
            connection.close()

        thread = threading.Thread(target=close)
        thread.start()
        with pytest.raises(haproxy.ReloadingError, match="no answer to 'show map"):
            Process(path).read_map(FILE)
        thread.join()


def test_a_step_is_repeated_while_haproxy_reloads(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[int | Exception] = iter([haproxy.ReloadingError("x"), haproxy.RefusedError("x"), 7])

    def step() -> int:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    assert haproxy.repeat(step) == 7
    monkeypatch.setattr(haproxy, "RELOAD_SECONDS", 0)
    answers = iter([haproxy.ReloadingError("for ever")] * 1000)
    with pytest.raises(haproxy.ReloadingError, match="for ever"):
        haproxy.repeat(step)


def test_each_worker_is_asked_through_the_master_also_one_from_before_a_reload(path: str, process: FakeHAProxy) -> None:
    process.old = {"9": FakeHAProxy(), "12": FakeHAProxy()}
    process.old["12"].maps[FILE] = [("b", "two 2 0")]
    workers = haproxy.workers(path)
    assert [worker.read_map(FILE) for worker in workers] == [[("a", "one 1 0")], None, [("b", "two 2 0")]]
    workers[2].replace_map(FILE, [])
    assert process.old["12"].maps[FILE] == []
    del process.old["12"]
    with pytest.raises(haproxy.GoneError, match="Can't find the target PID"):
        workers[2].read_map(FILE)


def test_without_a_master_there_are_no_workers(path: str) -> None:
    with pytest.raises(haproxy.NotRunningError):
        haproxy.workers(path)
