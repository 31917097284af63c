"""Where the server is asked: a port, with a socket of its own for each worker, or a Unix socket that they share."""

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
# Anyone who may enter the folder may connect: who that is, the folder says.
MODE = 0o666
ANSWERS_WITHIN_SECONDS = 1.0


@dataclass(frozen=True)
class Listening:
    """Sockets that listen, one for each worker; `url` is for people."""

    sockets: Sequence[socket.socket]
    url: str
    forget: Callable[[], None] = lambda: None
    shared: bool = False  # one queue for all workers

    def pause(self, worker: int) -> None:
        """Have the other workers get the connections that this one's socket would; it listens again as one serves."""
        sock = self.sockets[worker]
        if not self.shared and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let nobody else connect; the workers still have what waits."""
        self.forget()
        for sock in self.sockets:
            sock.close()


def on_port(host: str, port: int, count: int) -> Listening:
    """Listen on an address; raises OSError where something listens there already.

    Each worker has a socket of its own (SO_REUSEPORT), so the kernel spreads connections evenly.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without SO_REUSEPORT: with it, a second server on this port would quietly get half of the first one's requests.
    with socket.create_server((host, port), family=family) as probe:
        port = probe.getsockname()[1]
    sockets = [
        socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True) for _ in range(count)
    ]
    host = sockets[0].getsockname()[0]
    return Listening(sockets, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def on_path(path: Path, count: int) -> Listening:
    """Listen on a Unix socket; raises OSError where a server has it, or where it is no socket.

    The kernel knows no SO_REUSEPORT for these: the workers share one socket, and who is free takes the connection.
    """
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(path))
        path.chmod(MODE)
        sock.listen(BACKLOG)
        sockets = [sock.dup() for _ in range(count)]
    return Listening(sockets, f"unix:{path}", partial(_remove, path, path.stat().st_ino), shared=True)


def _remove_stale(path: Path) -> None:
    """Remove what a server left behind that was killed."""
    try:
        kind = path.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError("is there, and is no socket")
    if _answers(path):
        raise FileExistsError("a server answers there already")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(ANSWERS_WITHIN_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except (TimeoutError, BlockingIOError):
            # Nobody accepts, but somebody listens.
            return True
        return True


def _remove(path: Path, inode: int) -> None:
    """Remove the socket's file unless another server has put its own there."""
    with suppress(FileNotFoundError):
        if os.lstat(path).st_ino == inode:
            path.unlink()
