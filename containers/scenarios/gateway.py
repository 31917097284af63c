"""The gateway of a scenario's machine, as a client on the machine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Only Molecule's tests use this module; the package itself needs nothing but the standard library.
    from testinfra.host import Host

CA = "/var/lib/slipway/gateway/ca.crt"


class Gateway:
    """Sends requests by curl, which trusts the certificate authority of the machine."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def ask(self, path: str, *options: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers by lower-case name, and body."""
        words = " ".join(f"'{word}'" for word in options)
        done = self.host.run(f"curl -sS --max-time 20 -i --cacert {CA} {words} 'https://localhost{path}'")
        assert done.rc == 0, done.stderr  # noqa: S101 a test calls this
        *_, head, body = done.stdout.replace("\r\n", "\n").rsplit("\n\n", 1)
        lines = head.strip().split("\n\n")[-1].splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body
