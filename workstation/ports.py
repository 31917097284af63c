"""Ports on loopback."""

import socket
from collections.abc import Collection

from workstation.errors import CommandError

HOST = "127.0.0.1"
# How many ports `choose` tries.
TRIED = 100


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    return free(port) != 0


def free(port: int = 0) -> int:
    """Return the port if nobody listens on it, else 0; for port 0 return any free one."""
    with socket.socket() as probe:
        # A server that has just ended leaves connections behind that would block the port otherwise.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def choose(first: int, taken: Collection[int] = ()) -> int:
    """Return the first free port from `first` on; raises CommandError where a hundred are taken."""
    for port in range(first, first + TRIED):
        if port not in taken and is_free(port):
            return port
    raise CommandError(
        f"ports {first} to {first + TRIED - 1} on {HOST} are all in use: end a program that listens on one of them"
    )
