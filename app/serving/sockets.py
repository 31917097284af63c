"""The sockets that the server listens on: one for each worker on a port, or a Unix socket that all workers share."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

BACKLOG = 2048
# Whoever may enter the folder may connect; the folder's own mode decides who that is.
MODE = 0o666
CONNECT_SECONDS = 1.0


@dataclass(frozen=True)
class Listener:
    """Listening sockets, one for each worker; `url` is for people to read."""

    sockets: Sequence[socket.socket]
    url: str
    remove_file: Callable[[], None] = lambda: None
    shared: bool = False  # one queue of connections for all workers

    def pause(self, worker: int) -> None:
        """Give the connections of this worker's socket to the others; it listens again when its worker serves."""
        sock = self.sockets[worker]
        if not self.shared and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept no new connections; the workers still accept those that wait in the queue."""
        self.remove_file()
        for sock in self.sockets:
            sock.close()


def listen_on_port(host: str, port: int, count: int) -> Listener:
    """Listen on an address; raises OSError if something listens there already.

    Each worker has a socket of its own (SO_REUSEPORT), so the kernel spreads connections evenly.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without SO_REUSEPORT: with it, a second server on this port would silently take half of the first one's requests.
    with socket.create_server((host, port), family=family) as first:
        port = first.getsockname()[1]
    sockets = [
        socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True) for _ in range(count)
    ]
    host = sockets[0].getsockname()[0]
    return Listener(sockets, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def listen_on_path(path: Path, count: int) -> Listener:
    """Listen on a Unix socket; raises OSError if a server answers there, or if the file is not a socket.

    The kernel has no SO_REUSEPORT for Unix sockets: the workers share one socket, and a free one takes the connection.
    """
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(path))
        path.chmod(MODE)
        sock.listen(BACKLOG)
        sockets = [sock.dup() for _ in range(count)]
    return Listener(sockets, f"unix:{path}", partial(_remove, path, path.stat().st_ino), shared=True)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a server that was killed."""
    try:
        mode = path.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError("the file exists and is not a socket")
    if _answers(path):
        raise FileExistsError("another server answers there")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(CONNECT_SECONDS)
        try:
            sock.connect(str(path))
        except ConnectionRefusedError:
            return False
        except (TimeoutError, BlockingIOError):
            # A server listens, although it accepts nothing.
            return True
        return True


def _remove(path: Path, inode: int) -> None:
    """Remove the socket's file unless another server has put its own there."""
    with suppress(FileNotFoundError):
        if os.lstat(path).st_ino == inode:
            path.unlink()
