"""`python -m app.serving.health_check`: exits with 0 when the server is ready that has the same environment.

Reads that by itself: `app.settings` brings NumPy, which is much for a question asked every half a minute.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Mapping

ANSWERS_WITHIN_SECONDS = 4.0
# What to ask of a server that listens on all addresses.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 names that are looked for, not listened on


class _Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket; the host is its path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def connection(environ: Mapping[str, str]) -> http.client.HTTPConnection:
    """Return a connection to the server that was started with this environment."""
    if path := environ.get("SLIPWAY_SOCKET"):
        return _Unix(path, timeout=ANSWERS_WITHIN_SECONDS)
    host = environ.get("SLIPWAY_HOST", "127.0.0.1")
    port = int(environ.get("SLIPWAY_PORT", "8000"))
    return http.client.HTTPConnection(LOOPBACK.get(host, host), port, timeout=ANSWERS_WITHIN_SECONDS)


def main(environ: Mapping[str, str]) -> int:
    """Return 0 when ready; else say what is not, and return 1."""
    try:
        asked = connection(environ)
        asked.request("GET", "/readyz", headers={"host": "localhost"})
        status = asked.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"slipway: not ready: {error}", file=sys.stderr)
        return 1
    if status != http.HTTPStatus.OK:
        print(f"slipway: not ready: /readyz answers {status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
