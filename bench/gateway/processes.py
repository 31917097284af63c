"""The processes behind a port, a Unix socket and a journal, found from outside the host that they run on."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from bench import process_tree

PROC = Path("/proc")
LISTENS = "0A"  # the state of a socket in /proc/net/tcp


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system seconds of these processes and their descendants so far."""
    return sum(process_tree.cpu_seconds(root) for root in roots)


def listening(port: int) -> list[int]:
    """Return the processes that listen on a port in this network namespace, parents without their children.

    Raises LookupError where nobody does.
    """
    inodes = {inode for name in ("tcp", "tcp6") for inode in inodes_of(port, (PROC / "net" / name).read_text())}
    holders = {pid for pid in _pids() if inodes & _sockets(pid)}
    if not holders:
        raise LookupError(f"nobody listens on port {port} of the host")
    below = {child for pid in holders for child in process_tree.tree(pid)[1:]}
    return sorted(holders - below)


def inodes_of(port: int, table: str) -> set[str]:
    """Return the inodes of the listening sockets of a port, of what /proc/net/tcp holds."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return {row[9] for row in rows if row[3] == LISTENS and int(row[1].rpartition(":")[2], 16) == port}


def behind(path: Path) -> int:
    """Return the process that listens on a Unix socket; raises OSError where none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(str(path))
        pid, _, _ = struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(pid)


def container_of(pid: int) -> int:
    """Return the first process of the container that this process runs in.

    Which of a server's processes the kernel names as the listener depends on which of them called listen() last.
    """
    while (parent := _parent(pid)) and _namespace(parent) == _namespace(pid):
        pid = parent
    return pid


def journal(host: int) -> list[int]:
    """Return the journal's process of the machine whose first process this is; empty where it has none."""
    return [pid for pid in process_tree.tree(host) if _name(pid) == "systemd-journal"]


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process has open; empty once it is gone, or if it hides them."""
    links = []
    # One may close while we look, and the folder's own is closed by then.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for entry in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                links.append(os.readlink(entry))
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def _parent(pid: int) -> int:
    """Return the parent's process id; 0 if this machine shows none."""
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def _namespace(pid: int) -> str:
    """Return the namespace of process ids that a process is in; "" if it may not be seen."""
    with contextlib.suppress(PermissionError):
        return os.readlink(PROC / str(pid) / "ns" / "pid")
    return ""


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
