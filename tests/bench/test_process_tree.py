import os
import subprocess
import sys

from bench import process_tree


def test_the_tree_is_the_root_and_its_descendants() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert process_tree.tree(os.getpid())[0] == os.getpid()
        assert child.pid in process_tree.tree(os.getpid())
        child.communicate()
    assert child.pid not in process_tree.tree(os.getpid())


def test_cpu_time_grows_with_work() -> None:
    before = process_tree.cpu_seconds(os.getpid())
    machine = process_tree.machine_cpu_seconds()
    while process_tree.cpu_seconds(os.getpid()) < before + 0.05:
        pass
    assert process_tree.machine_cpu_seconds() > machine


def test_memory_of_a_python_process_is_megabytes_and_pss_is_the_smaller() -> None:
    memory = process_tree.memory(os.getpid())
    assert 1 < memory.pss <= memory.rss


def test_memory_adds_up() -> None:
    assert process_tree.Memory(1, 2) + process_tree.Memory(10, 20) == process_tree.Memory(11, 22)
