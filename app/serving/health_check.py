"""`python -m app.serving.health_check`: exits with 0 if the server with the same environment is ready.

The image's health check. It runs every half a minute, so it imports nothing that imports NumPy.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Mapping

from app import settings
from app.settings import ConfigError, Settings

TIMEOUT_SECONDS = 4.0
# Where to reach a server that listens on all addresses.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 names that are looked for, not listened on


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket; the host is its path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def connection(chosen: Settings) -> http.client.HTTPConnection:
    """Return a connection to the server that was started with these settings."""
    if chosen.socket:
        return _UnixConnection(str(chosen.socket), timeout=TIMEOUT_SECONDS)
    host = LOOPBACK.get(chosen.host, chosen.host)
    return http.client.HTTPConnection(host, chosen.port, timeout=TIMEOUT_SECONDS)


def main(environ: Mapping[str, str]) -> int:
    """Return 0 if the server is ready; otherwise print the reason and return 1."""
    try:
        ready = connection(settings.read(environ))
        ready.request("GET", "/readyz", headers={"host": "localhost"})
        status = ready.getresponse().status
    except (ConfigError, OSError, http.client.HTTPException) as error:
        print(f"slipway: not ready: {error}", file=sys.stderr)
        return 1
    if status != http.HTTPStatus.OK:
        print(f"slipway: not ready: /readyz answered {status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
