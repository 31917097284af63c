"""Ports on loopback: the same ones each time, and others only where somebody has taken them."""

import socket
from collections.abc import Collection

from rehearsal.errors import Trouble

HOST = "127.0.0.1"
LOOKS_AT = 100


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        # Connections of a server that has just ended don't take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(first: int, taken: Collection[int] = ()) -> int:
    """Return the first free port from there on; raises Trouble where there is none for long."""
    for port in range(first, first + LOOKS_AT):
        if port not in taken and is_free(port):
            return port
    raise Trouble(f"ports {first} to {first + LOOKS_AT - 1} on {HOST} are all taken: end what listens there")
