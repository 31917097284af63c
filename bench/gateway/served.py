"""What the rehearsal's host serves: the release, the API's socket, and the host's first process on this machine."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import bundle, rows, trained
from bench.bundle import Bundle
from bench.known import Known
from bench.rows import Row
from containers.docker import inspect
from rehearsal import gateway
from rehearsal.checkout import Checkout
from rehearsal.host import DATA, HTTPS, Host
from workstation.errors import CommandError

# On the host. A release changes where the link `current` points.
LINK = DATA / "api" / "current" / "http.sock"


@dataclass(frozen=True)
class Served:
    """`pid` is the first process of the host's container on this machine; `socket` is a path on the host."""

    host: Host
    pid: int
    socket: str
    version: str
    bundle: Bundle

    @property
    def socket_here(self) -> Path:
        """The socket's path on this machine."""
        return Path(f"/proc/{self.pid}/root{self.socket}")

    def known(self) -> Known:
        """Requests with their right answers."""
        return Known({self.version: self.bundle.folder})

    def rows(self) -> list[Row]:
        """The rows that the model was trained on."""
        return rows.read(rows.find(self.bundle, None), [field.name for field in self.bundle.fields])


def enter(checkout: Checkout, arguments: list[str]) -> None:
    """Restart this benchmark inside the host's network namespace, unless it runs there already.

    Otherwise it would measure Docker's proxy too, which takes a fifth of a core at 2,000 requests a second.
    """
    pid = process(checkout)
    if os.readlink("/proc/self/ns/net") == os.readlink(f"/proc/{pid}/ns/net"):
        return
    if os.geteuid():
        raise CommandError("only root may enter the host's network namespace: run the benchmark as root")
    own = [sys.executable, "-m", "bench.gateway", *arguments]
    os.execvp("nsenter", ["nsenter", f"--target={pid}", "--net", "--", *own])  # noqa: S606,S607  # our own command


def process(checkout: Checkout) -> int:
    """Return the first process of the host; raises CommandError where it does not run."""
    found = inspect("container", checkout.named("host"))
    if not (found and found["State"]["Running"] and checkout.ca.exists()):
        raise CommandError("the host of this checkout does not run: run `make up` first")
    return int(found["State"]["Pid"])


def look(checkout: Checkout) -> Served:
    """Return what is served; raises CommandError if the model was not trained here."""
    host = Host(checkout)
    version, folder = trained.serving(checkout, f"https://{gateway.domain(checkout.root)}:{HTTPS}")
    socket = host.run("readlink", "--canonicalize-existing", str(LINK))
    return Served(host, process(checkout), socket, version, bundle.read(folder))
