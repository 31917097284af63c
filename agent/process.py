"""Runs programs with a time limit, and ends every process that they started."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# Every process of a run inherits this variable; its value is the run's data folder.
MARK = "SLIPWAY_RUN"
# After a program has ended, a process that it started may still hold its pipe for so long.
LINGERS_SECONDS = 1.0


class Finished(NamedTuple):
    """The end of a program; `code` is negative for a signal, as in subprocess."""

    code: int
    output: str
    errors: str
    timed_out: bool


def mark(data: Path) -> None:
    """Mark the processes that this process will start."""
    os.environ[MARK] = str(data)


def capture(command: Sequence[str], *, limit: float, env: Mapping[str, str]) -> Finished:
    """Run a program and return what it printed."""
    timed_out = False
    # In its own session it has no terminal to ask for a password on, and one group to kill.
    with subprocess.Popen(  # noqa: S603  # this module runs programs for its callers
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            timed_out = True
            output, errors = b"", b""
            _kill_group(process.pid)
        except BaseException:
            _kill_group(process.pid)
            raise
    return Finished(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"), timed_out)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):  # it ended meanwhile
        os.killpg(pid, signal.SIGKILL)


def stream(
    command: Sequence[str], *, limit: float, env: Mapping[str, str], cwd: Path, echo: Callable[[bytes], None]
) -> Finished:
    """Run a program, passing its output to `echo`; however this ends, its descendants have ended."""
    from agent import process_tree  # not at the top: most polls do not need it

    process_tree.adopt()
    try:
        process = subprocess.Popen(  # noqa: S603  # this module runs programs for its callers
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        timed_out = not _follow(process, time.monotonic() + limit, echo)
        code = -signal.SIGTERM if timed_out else process.wait()
    finally:
        # All descendants: a signal may have come before Popen returned.
        process_tree.end(process_tree.below)
    return Finished(code, "", "", timed_out)


def _follow(process: subprocess.Popen[bytes], deadline: float, echo: Callable[[bytes], None]) -> bool:
    """Pass on the output until the program ends; return whether it ended before the deadline."""
    if process.stdout is None:
        raise ValueError("follow a process whose stdout is a pipe")
    with process.stdout, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(min(left, LINGERS_SECONDS)):
                piece = os.read(process.stdout.fileno(), 65536)
                if not piece:
                    return _ended(process, left)
                echo(piece)
            elif process.poll() is not None:
                return True
    return False


def _ended(process: subprocess.Popen[bytes], left: float) -> bool:
    try:
        process.wait(left)
    except subprocess.TimeoutExpired:
        return False
    return True
