"""The processes behind ports and sockets are found from outside."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import process_tree
from bench.gateway import processes

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:20FB 0100007F:A0B1 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
"""
LISTEN = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"


def test_only_sockets_that_listen_on_the_port_count() -> None:
    assert processes.inodes_of(8443, TABLE) == {"4711"}
    assert processes.inodes_of(80, TABLE) == {"4713"}


def test_the_process_behind_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(port)]) as listener:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and not _connects(port):
                time.sleep(0.05)
            assert processes.listening(port) == [listener.pid]
        finally:
            listener.kill()


def test_a_child_that_holds_its_parents_socket_is_not_counted_twice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[own.fileno()]) as child:
            try:
                assert processes.listening(port) == [os.getpid()]
            finally:
                child.kill()


def test_a_port_without_a_listener_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LookupError, match=f"port {port}"):
        processes.listening(port)


def test_the_process_behind_a_unix_socket_is_found(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as own:
        own.bind(str(path))
        own.listen()
        assert processes.behind(path) == os.getpid()


def test_the_first_process_of_a_container_has_all_others_below_it() -> None:
    first = processes.container_of(os.getpid())
    assert os.getpid() in process_tree.tree(first)
    assert processes.container_of(first) == first


def test_the_cpu_time_of_several_processes_is_summed() -> None:
    one = processes.cpu_seconds([os.getpid()])
    assert processes.cpu_seconds([os.getpid(), os.getpid()]) >= 2 * one > 0


def _connects(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
