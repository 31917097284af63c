"""Workers that hang, die again and again, or cannot start; and signals that the server inherits."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.serving import supervisor
from tests.app.conftest import ROOT, Server
from tests.app.http_client import Connection, ask, request
from tests.app.known import Known
from tests.app.load import Load, eventually
from tests.app.serving.test_worker import DIED, alive

pytestmark = pytest.mark.long

Start = Callable[..., Server]
HANGS = "a worker does not respond and is killed"


@pytest.fixture(params=["port", "socket"])
def where(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    if request.param == "port":
        return {}
    return {"SLIPWAY_SOCKET": str(tmp_path_factory.mktemp("s") / "http.sock")}


def test_hung_workers_are_replaced_and_their_waiting_requests_answered(
    start: Start, known: Known, where: dict[str, str]
) -> None:
    server = start(SLIPWAY_WORKER_TIMEOUT_SECONDS="3", **where)
    hung = server.workers
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    waiting = [Connection(server.address) for _ in range(10)]
    for connection in waiting:
        connection.send(request(known.body()))
    assert {server.wait_for(HANGS)["worker"], server.wait_for(HANGS)["worker"]} == set(hung)
    assert all(known.right(connection.reply()) for connection in waiting)
    assert not any(alive(pid) for pid in hung)
    assert server.stop() == 0


def test_a_pause_of_all_processes_kills_no_worker(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKER_TIMEOUT_SECONDS="3")
    before = server.workers
    os.killpg(server.process.pid, signal.SIGSTOP)
    time.sleep(5)  # the pause itself, longer than a worker may be silent
    os.killpg(server.process.pid, signal.SIGCONT)
    with Load(server.address, known, 4) as load:
        load.more(500)
    assert server.workers == before
    assert server.stop() == 0
    assert not {DIED, HANGS} & {entry["message"] for entry in server.log}


def test_a_wait_for_signals_that_was_paused_past_its_end_reports_no_signal() -> None:
    # Each of 8: what was reported came from memory that nothing was written to, and differed.
    code = (
        "import signal; from app.serving import supervisor;"
        "signal.pthread_sigmask(signal.SIG_BLOCK, supervisor.SIGNALS);"
        "print('waits', flush=True); print(supervisor.wait(0.5).name, supervisor.wait(0.01).name)"
    )
    waiting = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    for process in waiting:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGSTOP)
    time.sleep(1)  # the pause itself, longer than the wait
    for process in waiting:
        process.send_signal(signal.SIGCONT)
    assert [process.communicate(timeout=60)[0] for process in waiting] == ["SIGALRM SIGALRM\n"] * 8


def test_workers_that_are_busy_with_large_requests_are_left_alone(start: Start, known: Known) -> None:
    # One worker may get all of the connections, and 20 bodies are more than it buffers by default.
    limits = {"SLIPWAY_BODY_TIMEOUT_SECONDS": "60", "SLIPWAY_MAX_BUFFERED_BYTES": str(10**8)}
    server = start(SLIPWAY_WORKER_TIMEOUT_SECONDS="10", **limits)
    large = request(known.body(0, 20_000))
    connections = [Connection(server.address) for _ in range(20)]
    for connection in connections:
        connection.send(large)
    replies = [connection.reply() for connection in connections]
    assert not [reply.body[:200] for reply in replies if not known.right(reply, 0, 20_000)]
    assert server.stop() == 0
    assert HANGS not in {entry["message"] for entry in server.log}


def test_successors_of_workers_that_die_young_wait_longer_and_longer() -> None:
    assert [supervisor.backoff(deaths) for deaths in range(1, 9)] == [0, 1, 2, 4, 8, 16, 16, 16]


def test_the_others_serve_while_a_worker_dies_again_and_again(start: Start, known: Known) -> None:
    server = start()
    steady, victim = server.workers
    with Load(server.address, known, 4) as load:
        for _ in range(4):
            os.kill(victim, signal.SIGKILL)
            server.wait_for(DIED)
            load.more(100)
            eventually(lambda: len(server.workers) == 2, "it is replaced")
            (victim,) = set(server.workers) - {steady}
    assert not load.wrong
    assert steady in server.workers


def test_a_deleted_bundle_stops_no_worker_s_successor(start: Start, known: Known, bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    server = start(SLIPWAY_MODELS=f"california@7={copy}", SLIPWAY_WORKERS="1")
    shutil.rmtree(copy)
    os.kill(server.workers[0], signal.SIGKILL)
    server.wait_for(DIED)
    assert known.right(ask(server.address, request(known.body())))


def test_a_server_none_of_whose_workers_starts_any_more_ends_with_an_error(start: Start) -> None:
    server = start(SLIPWAY_WORKERS="1")
    # Enough for the supervisor, too few for a worker's files of metrics.
    files = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())) + 3
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, files))
    os.kill(server.workers[0], signal.SIGKILL)
    assert server.process.wait(120) == 1
    server.wait_for("no worker can be started: the server ends")
    assert [entry["message"] for entry in server.log].count(DIED) == 1 + supervisor.MAX_FAILED_STARTS


@pytest.fixture
def inherited() -> Iterator[None]:
    """Have the children of this process ignore and block the server's signals."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in supervisor.SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, supervisor.SIGNALS)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("inherited")
def test_signals_ignored_and_blocked_at_entry_work(start: Start, known: Known, number: int, bundle: Path) -> None:
    # subprocess cannot wait for children whose end is ignored.
    program = f"import os, signal; signal.signal({int(signal.SIGCHLD)}, signal.SIG_IGN);"
    program += f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'app'])"
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    environment = {**os.environ, "SLIPWAY_PORT": "0", "SLIPWAY_MODELS": f"california@7={bundle}"}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert b'"serving"' in process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    first = children.read_text().split()[0]
    os.kill(int(first), signal.SIGKILL)
    assert b"a worker died and is replaced" in process.stdout.readline()
    eventually(lambda: len(children.read_text().split()) == 2, "it is replaced")
    process.send_signal(number)
    assert process.wait(60) == 0
    process.stdout.close()


def test_a_server_starts_at_once_where_one_was_killed(start: Start, known: Known, where: dict[str, str]) -> None:
    server = start(**where)
    if "SLIPWAY_SOCKET" not in where:
        where["SLIPWAY_PORT"] = str(server.address[1])
    for _ in range(3):
        half_sent = Connection(server.address)
        half_sent.send(request(known.body())[:-1])
        os.kill(server.workers[0], signal.SIGSTOP)
        server.process.kill()
        server.process.wait()
        server = start(**where)
        assert known.right(ask(server.address, request(known.body())))


def test_a_worker_out_of_files_still_drains(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="1", SLIPWAY_DRAIN_SECONDS="30")
    worker = server.workers[0]
    half_sent = Connection(server.address)
    assert half_sent.ask(request(known.body(), expect="100-continue")[: -len(known.body())]).status == 100
    os.kill(worker, signal.SIGSTOP)
    files = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (files, files))
    waiting = [Connection(server.address) for _ in range(5)]
    server.process.send_signal(signal.SIGTERM)
    os.kill(worker, signal.SIGCONT)
    assert known.right(half_sent.ask(known.body()))
    assert server.process.wait(60) == 0
    for connection in waiting:
        connection.close()


def test_a_worker_out_of_files_does_not_spin(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="1")
    worker = server.workers[0]
    with Connection(server.address) as kept:
        assert known.right(kept.ask(request(known.body())))
        files = len(list(Path(f"/proc/{worker}/fd").iterdir()))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (files, files))
        waiting = [Connection(server.address) for _ in range(20)]
        assert known.right(kept.ask(request(known.body())))
        before = cpu_seconds(worker)
        time.sleep(3)  # a loop without an end would take as much of a core as there is
        assert cpu_seconds(worker) - before < 0.5
        assert known.right(kept.ask(request(known.body())))
    for connection in waiting:
        connection.close()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
