"""What is compared: the API itself, and the gateways in front of it."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.serving.targets import OURS

DIRECT, NGINX, CADDY = "direct", "nginx", "caddy"
PATH = "/predict"
NAME = "localhost"


@dataclass(frozen=True)
class Target:
    """Where requests go; `socket` only where they go to the API itself, `ca` only where they go to a gateway."""

    name: str
    url: str
    ca: Path | None = None
    socket: Path | None = None
    port: int = 0
    options: list[str] = field(default_factory=list)

    @property
    def http2(self) -> bool:
        """Whether it speaks HTTP/2; the API speaks HTTP/1.1."""
        return self.socket is None


def direct(socket: Path) -> Target:
    """The API, asked on its Unix socket without TLS."""
    return Target(DIRECT, f"http://{NAME}{PATH}", socket=socket, options=["-B", f"unix:{socket}"])


def gateway(name: str, port: int, ca: Path) -> Target:
    """A gateway on a port of the host's loopback."""
    # By address: a name may stand for an address on which a peer does not listen.
    options = [f"--connect-to=127.0.0.1:{port}"]
    return Target(name, f"https://{NAME}:{port}{PATH}", ca=ca, port=port, options=options)


__all__ = ["CADDY", "DIRECT", "NGINX", "OURS", "Target", "direct", "gateway"]
