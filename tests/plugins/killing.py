"""Runs a function in a process of its own that is killed before the n-th thing it does to the machine, for every n."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

CHANGES = (
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.chown", "os.truncate"),
    *("shutil.rmtree", "subprocess.Popen", "test.engine"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def is_change(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audit event is something done to the machine."""
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & WRITES)
    return event in CHANGES


def run(function: Callable[[], object], killed_at: int | None = None) -> int:
    """Run it in a child; return how many changes it made, or -9 where it was killed before the `killed_at`-th."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        _child(function, killed_at, writes)
    os.close(writes)
    with os.fdopen(reads) as told:
        output = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -9), output
    return int(output) if status == 0 else status


def _child(function: Callable[[], object], killed_at: int | None, told: int) -> None:
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if is_change(event, arguments):
            if count == killed_at:
                os.kill(os.getpid(), 9)
            count += 1

    code = 1
    try:
        sys.addaudithook(hook)  # for good: that is why it is in a child
        function()
        os.write(told, str(count).encode())
        code = 0
    except BaseException:
        os.write(told, traceback.format_exc().encode())
    finally:
        os._exit(code)


def points(function: Callable[[], object]) -> Iterator[int]:
    """Have it run once, and yield each point at which it can be killed; at least a few, or the hook sees nothing."""
    count = run(function)
    assert count > 3
    yield from range(count)
