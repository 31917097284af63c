"""Worker processes as an operator sees them: killed, drained, replaced, refused."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bundle import GOLDEN
from tests.app import bundles
from tests.app.conftest import ROOT, Server
from tests.app.http_client import Connection, ask, get, request
from tests.app.known import Known
from tests.app.load import Load, eventually

pytestmark = pytest.mark.long

Start = Callable[..., Server]
DIED = "a worker died and is replaced"


def alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def metrics_folder(server: Server) -> Path:
    """Return the folder in which the workers share their metrics, from what one of them has open."""
    lines = Path(f"/proc/{server.workers[0]}/maps").read_text().splitlines()
    (folder,) = {Path(line.split(maxsplit=5)[5]).parent for line in lines if "/counter_" in line}
    return folder


def test_a_killed_worker_costs_its_connections_and_no_more(start: Start, known: Known) -> None:
    server = start()
    with Load(server.address, known, 8) as load:
        for killed in range(1, 4):
            load.more(200)
            before = set(server.workers)
            os.kill(server.workers[0], signal.SIGKILL)
            entry = server.wait_for(DIED)
            assert entry["status"] == "SIGKILL"
            assert entry["worker"] in before
            load.more(200)
            eventually(lambda: len(server.workers) == 2, "another worker took its place")
            # All eight may have been its connections; of the other worker's none breaks.
            assert load.broken <= 8 * killed
    assert not load.wrong
    assert server.stop() == 0


def test_connections_of_the_others_outlive_a_killed_worker(start: Start, known: Known) -> None:
    server = start()
    connections = [Connection(server.address) for _ in range(20)]
    for connection in connections:
        assert known.right(connection.ask(request(known.body())))
    owners = {connection: owner(server, connection) for connection in connections}
    victim = server.workers[0]
    assert victim in owners.values()
    os.kill(victim, signal.SIGKILL)
    server.wait_for(DIED)
    for connection, pid in owners.items():
        if pid == victim:
            assert connection.rest() == b""
        else:
            assert known.right(connection.ask(request(known.body(1))), 1)


def owner(server: Server, connection: Connection) -> int:
    """Return the worker at the other end of the connection."""
    local = connection.socket.getsockname()[1]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(row[9] for row in rows if row[2].endswith(f":{local:04X}") and row[9] != "0")
    for pid in server.workers:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(file) == f"socket:[{inode}]":
                return pid
    raise AssertionError("no worker holds the connection")


def test_what_waits_at_a_dead_worker_is_answered_by_its_successor(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="1")
    os.kill(server.workers[0], signal.SIGSTOP)
    waiting = [Connection(server.address) for _ in range(10)]
    for connection in waiting:
        connection.send(request(known.body()))
    os.kill(server.workers[0], signal.SIGKILL)
    assert all(known.right(connection.reply()) for connection in waiting)


def test_a_drain_answers_what_is_under_way_and_ends_well(start: Start, known: Known) -> None:
    server = start(SLIPWAY_DRAIN_SECONDS="30", SLIPWAY_WORKERS="1")
    whole = request(known.body(0, 500))
    halfway = [Connection(server.address) for _ in range(10)]
    for connection in halfway:
        assert connection.ask(whole.replace(b"\r\n", b"\r\nexpect: 100-continue\r\n", 1)[:5000]).status == 100
    behind = Connection(server.address)
    behind.send(get("/metrics") + request(known.body())[:-1])
    assert behind.reply().status == 200
    idle = Connection(server.address)
    assert known.right(idle.ask(request(known.body())))
    server.process.send_signal(signal.SIGTERM)
    assert idle.rest() == b""
    for connection in halfway:
        connection.send(whole.replace(b"\r\n", b"\r\nexpect: 100-continue\r\n", 1)[5000:])
        reply = connection.reply()
        assert known.right(reply, 0, 500)
        assert reply.headers["connection"] == "close"
        assert connection.rest() == b""
    assert known.right(behind.ask(request(known.body())[-1:]))
    assert server.process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_under_load_gives_no_wrong_answer_and_leaves_nothing(start: Start, known: Known, number: int) -> None:
    server = start()
    folder = metrics_folder(server)
    workers = server.workers
    with Load(server.address, known, 8) as load:
        load.more(200)
        assert server.stop(number) == 0
    assert not load.wrong
    assert not any(alive(pid) for pid in workers)
    assert not folder.exists()
    server.wait_for("end of the log")
    assert not [entry for entry in server.log if "exception" in entry]


def test_ctrl_c_reaches_all_processes_and_still_ends_well(start: Start) -> None:
    server = start()
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    server.wait_for("end of the log")
    assert [entry["message"] for entry in server.log] == ["serving"]


def test_a_half_sent_request_does_not_hold_a_drain_beyond_its_limit(start: Start, known: Known) -> None:
    server = start(SLIPWAY_DRAIN_SECONDS="1", SLIPWAY_BODY_TIMEOUT_SECONDS="3600")
    with Connection(server.address) as connection:
        connection.send(request(known.body())[:-1])
        assert known.right(ask(server.address, request(known.body())))
        assert server.stop() == 0


def test_a_drain_gives_up_half_sent_requests_before_its_own_end(start: Start, known: Known) -> None:
    server = start(SLIPWAY_DRAIN_SECONDS="3600", SLIPWAY_BODY_TIMEOUT_SECONDS="1")
    with Connection(server.address) as connection:
        connection.send(request(known.body())[:-1])
        assert known.right(ask(server.address, request(known.body())))
        server.process.send_signal(signal.SIGTERM)
        assert connection.reply().status == 408
    assert server.process.wait(60) == 0


def test_a_worker_that_hangs_is_killed_in_the_end_and_the_status_tells(start: Start) -> None:
    server = start(SLIPWAY_DRAIN_SECONDS="0")
    hung = server.workers[0]
    os.kill(hung, signal.SIGSTOP)
    assert server.stop() == 1
    assert [
        entry["worker"] for entry in server.log if entry["message"].startswith("a worker did not stop in time")
    ] == [hung]
    eventually(lambda: not alive(hung), "the worker is gone")


def test_workers_go_when_their_parent_is_killed(start: Start) -> None:
    server = start()
    workers = server.workers
    folder = metrics_folder(server)
    os.kill(workers[0], signal.SIGSTOP)
    server.process.kill()
    eventually(lambda: not any(alive(pid) for pid in workers), "the workers are gone")
    assert folder.exists()
    start()
    assert not folder.exists(), "the next server removes what a killed one left"


def test_a_server_stopped_while_it_starts_tidies_up(bundle: Path) -> None:
    environment = {**os.environ, "SLIPWAY_PORT": "0", "SLIPWAY_MODELS": f"california@7={bundle}"}
    process = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    eventually(lambda: blocks(process.pid, signal.SIGTERM), "it has begun to leave things behind")
    process.terminate()
    assert process.communicate(timeout=60)[0] == b""
    assert process.returncode == 0


def blocks(pid: int, number: int) -> bool:
    """Return whether the server's process lets the signal wait; before it is that, all signals wait."""
    if b"-m\0app\0" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        return False
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigBlk")]
    return bool(int(line.split()[1], 16) >> number - 1 & 1)


def test_a_second_server_on_the_port_says_so_and_ends(start: Start, bundle: Path) -> None:
    server = start()
    port = str(server.address[1])
    environment = {"SLIPWAY_PORT": port, "SLIPWAY_MODELS": f"california@7={bundle}"}
    second = run(environment)
    assert second.returncode == 2
    assert second.stderr.startswith(f"slipway: cannot listen on 127.0.0.1, port {port}: Address already in use")
    assert second.stderr.count("\n") == 1
    assert ask(server.address, get("/healthz")).status == 200


def test_a_worker_that_dies_young_is_not_replaced_at_once(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="1")
    begun = time.monotonic()
    for _ in range(3):
        eventually(lambda: bool(server.workers), "a worker runs")
        os.kill(server.workers[0], signal.SIGKILL)
        server.wait_for(DIED)
    assert known.right(ask(server.address, request(known.body())))
    assert time.monotonic() - begun >= 2  # one second for each of the two that died young


def test_a_server_can_be_stopped_while_a_worker_is_missing(start: Start) -> None:
    server = start()
    os.kill(server.workers[0], signal.SIGKILL)
    server.wait_for(DIED)
    assert server.stop() == 0
    server.wait_for("end of the log")
    assert not [entry for entry in server.log if "exception" in entry]


def test_a_model_that_misses_its_golden_answers_is_not_served(tmp_path: Path, bundle: Path) -> None:
    folder = tmp_path / "wrong"
    features, target = bundles.california()
    bundles.write(folder, bundles.train(features, target), features[:60])
    golden = json.loads((folder / GOLDEN).read_text())
    golden["predictions"][5] += 0.01
    (folder / GOLDEN).write_text(json.dumps(golden))
    bundles.seal(folder)
    ended = run({"SLIPWAY_MODELS": f"wrong@1={folder},right@1={bundle}", "SLIPWAY_DEFAULT_MODEL": "right"})
    assert ended.returncode == 1
    assert ended.stderr == ""
    entries = [json.loads(line) for line in ended.stdout.splitlines()]
    errors = [entry for entry in entries if entry["level"] == "error"]
    assert errors
    assert all(entry["reason"].startswith("xgboost gets 1 of 60 golden answers wrong") for entry in errors)
    assert not [entry for entry in entries if entry["message"] == "serving"]


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the server, which is expected to end by itself."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env={**inherited, "SLIPWAY_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
