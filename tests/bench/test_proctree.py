import os
import subprocess
import sys

from bench import proctree


def test_the_tree_is_the_root_and_its_descendants() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert proctree.tree(os.getpid())[0] == os.getpid()
        assert child.pid in proctree.tree(os.getpid())
        child.communicate()
    assert child.pid not in proctree.tree(os.getpid())


def test_cpu_time_grows_with_work() -> None:
    before = proctree.cpu_seconds(os.getpid())
    machine = proctree.machine_cpu_seconds()
    while proctree.cpu_seconds(os.getpid()) < before + 0.05:
        pass
    assert proctree.machine_cpu_seconds() > machine


def test_memory_of_a_python_process_is_megabytes_and_pss_is_the_smaller() -> None:
    memory = proctree.memory(os.getpid())
    assert 1 < memory.pss <= memory.rss


def test_memory_adds_up() -> None:
    assert proctree.Memory(1, 2) + proctree.Memory(10, 20) == proctree.Memory(11, 22)
