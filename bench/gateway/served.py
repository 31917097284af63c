"""What the rehearsal's host serves right now: its release, its API's socket, and its place on this machine."""

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

# On the host. A release turns the link `current`; none is made meanwhile.
LINK = DATA / "api" / "current" / "http.sock"


@dataclass(frozen=True)
class Served:
    """The host by its container's first process, as this machine numbers it; `socket` is a path of the host."""

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
    """Start this benchmark anew inside the host's network namespace, unless this is there.

    Docker's proxy would otherwise be measured too: it takes a fifth of a core at 2,000 requests a second.
    """
    pid = process(checkout)
    if os.readlink("/proc/self/ns/net") == os.readlink(f"/proc/{pid}/ns/net"):
        return
    if os.geteuid():
        raise CommandError("the benchmark runs inside the host's network, which only root may enter: run it as root")
    own = [sys.executable, "-m", "bench.gateway", *arguments]
    os.execvp("nsenter", ["nsenter", f"--target={pid}", "--net", "--", *own])  # noqa: S606,S607  # our own command


def process(checkout: Checkout) -> int:
    """Return the first process of the host; raises CommandError where it does not run."""
    found = inspect("container", checkout.named("host"))
    if not (found and found["State"]["Running"] and checkout.ca.exists()):
        raise CommandError("nothing is up here: `make up` first")
    return int(found["State"]["Pid"])


def look(checkout: Checkout) -> Served:
    """Return what is served; raises CommandError where that is no model that was trained here."""
    host = Host(checkout)
    version, folder = trained.serving(checkout, f"https://{gateway.domain(checkout.root)}:{HTTPS}")
    socket = host.run("readlink", "--canonicalize-existing", str(LINK))
    return Served(host, process(checkout), socket, version, bundle.read(folder))
