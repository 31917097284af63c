"""What the running gateway does with the API's two colours."""

import csv
import time
from collections.abc import Callable

from . import haproxy

# The API's backend, and those that send requests to the same servers.
API, BACKENDS = "api", ("api", "api_pages", "api_again")
POLL_SECONDS = 0.02
# Ample: HAProxy looks for a server that is down every 50 ms (roles/api/templates/api.cfg.j2).
SEEN_SECONDS = 5.0
Row = dict[str, str]


class GatewayError(Exception):
    """The gateway does not do what it was told."""


class Gateway:
    """HAProxy behind its runtime socket at `path`. A gateway that does not run has nothing to wait for.

    Every method raises OSError if HAProxy runs but does not answer.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def servers(self, colour: str) -> dict[str, Row]:
        """Return what HAProxy counts for a colour, by backend; nothing if it runs without the API or not at all.

        The columns: https://docs.haproxy.org/3.0/management.html#9.1
        """
        try:
            answer = haproxy.ask(self.path, "show stat")
        except haproxy.NotRunningError:
            return {}
        rows = csv.DictReader(answer.removeprefix("# ").splitlines())
        return {row["pxname"]: row for row in rows if row["svname"] == colour and row["pxname"] in BACKENDS}

    def await_server(self, colour: str) -> None:
        """Wait until the gateway sends requests to a colour; raises GatewayError."""
        if not self._await(
            lambda found: API not in found or found[API]["status"].startswith("UP"), colour, SEEN_SECONDS
        ):
            raise GatewayError(f"the gateway sent no requests to {colour} within {SEEN_SECONDS:.0f} s")

    def await_idle(self, colour: str, seconds: float) -> None:
        """Wait until a colour gets no new requests and has answered all that it got; give up after `seconds`.

        After a reload, requests of the previous process are not counted. Whoever stops the server has to let it finish.
        """
        self._await(
            lambda found: all(
                not row["status"].startswith("UP") and row["scur"] == "0" and row["qcur"] == "0"
                for row in found.values()
            ),
            colour,
            seconds,
        )

    def _await(self, holds: Callable[[dict[str, Row]], bool], colour: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not holds(self.servers(colour)):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True
