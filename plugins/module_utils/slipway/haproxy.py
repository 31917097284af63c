"""HAProxy's runtime socket: commands to the processes that run, and maps that change without a reload."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from typing import NamedTuple, TypeVar

SOCKET = "/run/haproxy/admin.sock"
# Of the master process, which passes commands on to its workers.
MASTER = "/run/haproxy/master.sock"
TIMEOUT_SECONDS = 10
# How long a reload may take, and how often we look whether it is over.
RELOAD_SECONDS = 5
PAUSE_SECONDS = 0.05
# A command and its lines have to fit into one of HAProxy's buffers (16 KiB unless configured).
COMMAND_BYTES = 8192
UNKNOWN = "Unknown map identifier"
NO_TABLE = "No such table"
GONE = "Can't find the target PID"
Result = TypeVar("Result")
Entries = list[tuple[str, str]]


class HAProxyError(Exception):
    """HAProxy refused a command."""


class NotRunningError(Exception):
    """Nobody listens on the socket."""


class RefusedError(NotRunningError):
    """There is a socket on which nobody listens: left behind by a killed process, or the master is reloading."""


class GoneError(Exception):
    """The worker has ended."""


class ReloadingError(OSError):
    """HAProxy closed the connection without an answer, as its master does when it reloads."""


def ask(path: str, command: str) -> str:
    """Return the answer to a command. Raises NotRunningError, or OSError if the answer does not come in time."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(path)
        except FileNotFoundError as error:
            raise NotRunningError(f"{path}: {error.strerror}") from error
        except ConnectionRefusedError as error:
            raise RefusedError(f"{path}: {error.strerror}") from error
        connection.sendall(f"{command}\n".encode())
        # Otherwise the master waits for another command.
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    # Even an answer that says nothing has a line.
    if not answer:
        raise ReloadingError(f"{path}: no answer to {command.splitlines()[0]!r}")
    text = answer.decode().rstrip("\n")
    if text.startswith(GONE):
        raise GoneError(text)
    return text


class Process(NamedTuple):
    """A worker of HAProxy: the socket that takes its commands, and what stands before each of them."""

    socket: str
    prefix: str = ""

    def ask(self, command: str) -> str:
        """Return the answer to a command, as the function does."""
        return ask(self.socket, self.prefix + command)

    def read_map(self, file: str) -> Entries | None:
        """Return the entries of the map that it loaded from a file, in order; None if it has loaded no such map."""
        answer = self.ask(f"show map {file}")
        if answer.startswith(UNKNOWN):
            return None
        lines = [line.split(" ", 2) for line in answer.splitlines()]
        # Each line begins with an address in memory.
        if any(len(line) != 3 for line in lines):
            raise HAProxyError(f"show map {file}: {answer}")
        return [(key, value) for _, key, value in lines]

    def replace_map(self, file: str, entries: Entries) -> None:
        """Replace all entries of a map at once: a lookup sees the old entries or the new ones, never a mixture."""
        answer = self.ask(f"prepare map {file}")
        version = re.fullmatch(r"New version created: (\d+)", answer)
        if version is None:
            raise HAProxyError(f"prepare map {file}: {answer}")
        name = f"@{version[1]} {file}"
        try:
            for lines in _parts(entries):
                self._change(f"add map {name}", f" <<\n{lines}")
            self._change(f"commit map {name}")
        except HAProxyError:
            # A version that is never committed would keep its memory.
            self.ask(f"clear map {name}")
            raise

    def read_counters(self, table: str) -> dict[str, list[int]] | None:
        """Return the general counters (gpc) of each key of a stick table; None if there is no such table."""
        answer = self.ask(f"show table {table}")
        if answer.startswith(NO_TABLE):
            return None
        head, *lines = answer.splitlines()
        if not head.startswith("# table:"):
            raise HAProxyError(f"show table {table}: {answer}")
        fields = [dict(word.split("=", 1) for word in line.split()[1:]) for line in lines]
        return {each["key"]: _counters(each) for each in fields}

    def _change(self, command: str, lines: str = "") -> None:
        if answer := self.ask(command + lines):
            raise HAProxyError(f"{command}: {answer}")


def _counters(fields: dict[str, str]) -> list[int]:
    """Return gpc0, gpc1 and so on."""
    names = takewhile(fields.__contains__, (f"gpc{number}" for number in count()))
    return [int(fields[name]) for name in names]


def repeat(step: Callable[[], Result]) -> Result:
    """Return what a step returns, which is repeated while HAProxy reloads; raises the last error if that goes on."""
    until = time.monotonic() + RELOAD_SECONDS
    while True:
        try:
            return step()
        except (ReloadingError, RefusedError):
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)


def workers(master: str) -> list[Process]:
    """Return all workers, also those from before a reload, which still answer on the connections that clients keep.

    Each is asked by its process id: during a reload, the old worker and the new one share the runtime socket. Raises
    NotRunningError without a master.
    """
    lines = [line.split() for line in ask(master, "show proc").splitlines()]
    return [Process(master, f"@!{line[0]} ") for line in lines if line[1:2] == ["worker"]]


def _parts(entries: Entries) -> Iterator[str]:
    """Yield the entries as lines, in parts that fit into a command."""
    part = ""
    for key, value in entries:
        line = f"{key} {value}\n"
        if len(part) + len(line) > COMMAND_BYTES:
            yield part
            part = ""
        part += line
    if part:
        yield part
