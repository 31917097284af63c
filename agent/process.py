"""Programs that the agent starts: each has a limit of time, and nothing of it stays behind."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# What every process of a run inherits in its environment, with the run's data folder as the value.
MARK = "SLIPWAY_RUN"
# After the program itself has ended, its pipe may be held by something that it started.
LINGERS_SECONDS = 1.0


class Finished(NamedTuple):
    """How a program ended; `code` is negative for a signal, as in subprocess."""

    code: int
    output: str
    errors: str
    timed_out: bool


def mark(data: Path) -> None:
    """Mark the processes that this one will start."""
    os.environ[MARK] = str(data)


def capture(command: Sequence[str], *, limit: float, env: Mapping[str, str]) -> Finished:
    """Run a program and return what it printed."""
    timed_out = False
    # A session of its own: no terminal to ask a password on, and one group to end.
    with subprocess.Popen(  # noqa: S603  # starting what it is given is what this module is for
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
    """Run a program and hand on each piece it prints; whatever way this ends, its descendants have ended."""
    from agent import process_tree  # not for a look at the remote

    process_tree.adopt()
    try:
        process = subprocess.Popen(  # noqa: S603  # starting what it is given is what this module is for
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
        # Also what a signal kept from ever getting a name here.
        process_tree.end(process_tree.below)
    return Finished(code, "", "", timed_out)


def _follow(process: subprocess.Popen[bytes], deadline: float, echo: Callable[[bytes], None]) -> bool:
    """Hand on what is printed until the end; return whether that came before the deadline."""
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
