"""HAProxy's runtime socket: commands to the process that runs, and maps that change without a reload."""

import re
import socket
from collections.abc import Iterator

SOCKET = "/run/haproxy/admin.sock"
TIMEOUT_SECONDS = 10
# A command and its lines have to fit into one of HAProxy's buffers (16 KiB unless configured).
COMMAND_BYTES = 8192
UNKNOWN = "Unknown map identifier"
Entries = list[tuple[str, str]]


class HAProxyError(Exception):
    """HAProxy refused a command."""


class NotRunningError(Exception):
    """Nobody listens on the socket."""


def ask(path: str, command: str) -> str:
    """Return the answer to a command. Raises NotRunningError, or OSError if the answer does not come in time."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunningError(f"{path}: {error.strerror}") from error
        connection.sendall(f"{command}\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode().rstrip("\n")


def read_map(path: str, file: str) -> Entries | None:
    """Return the entries of the map that HAProxy loaded from a file, in order; None if it has loaded no such map."""
    answer = ask(path, f"show map {file}")
    if answer.startswith(UNKNOWN):
        return None
    lines = [line.split(" ", 2) for line in answer.splitlines()]
    # Each line begins with an address in memory.
    if any(len(line) != 3 for line in lines):
        raise HAProxyError(f"show map {file}: {answer}")
    return [(key, value) for _, key, value in lines]


def replace_map(path: str, file: str, entries: Entries) -> None:
    """Replace all entries of a map at once: a lookup sees the old entries or the new ones, never a mixture."""
    answer = ask(path, f"prepare map {file}")
    version = re.fullmatch(r"New version created: (\d+)", answer)
    if version is None:
        raise HAProxyError(f"prepare map {file}: {answer}")
    name = f"@{version[1]} {file}"
    try:
        for lines in _parts(entries):
            _change(path, f"add map {name}", f" <<\n{lines}")
        _change(path, f"commit map {name}")
    except Exception:
        # A version that is never committed would keep its memory.
        ask(path, f"clear map {name}")
        raise


def _change(path: str, command: str, lines: str = "") -> None:
    if answer := ask(path, command + lines):
        raise HAProxyError(f"{command}: {answer}")


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
