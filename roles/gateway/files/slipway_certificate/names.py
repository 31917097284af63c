"""The names that a certificate is for: the domain, or the host's own names and addresses."""

import json
import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
ITSELF: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
# Nobody reaches the host at the addresses of its containers' networks.
INTERNAL = "bridge"


def wanted(domain: str) -> tuple[str, ...]:
    """Return the names for the certificate of the host's own authority, without duplicates."""
    outside = (domain,) if domain else (*own_names(), *own_addresses())
    return tuple(dict.fromkeys((*outside, *ITSELF)))


def own_names() -> list[str]:
    """Return the host's name, and its name with the domain."""
    return [name for name in (socket.getfqdn(), socket.gethostname()) if name and not address(name)]


def own_addresses() -> list[str]:
    """Return the addresses at which others may reach this host."""
    command = ["/usr/sbin/ip", "-json", "-details", "address", "show", "scope", "global"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 a fixed command
    return [
        info["local"]
        for interface in json.loads(done.stdout)
        if interface.get("linkinfo", {}).get("info_kind") != INTERNAL
        for info in interface.get("addr_info", [])
        # Addresses for outgoing connections change every day.
        if "local" in info and not info.get("temporary")
    ]


def address(name: str) -> Address | None:
    """Return a name as an IP address, None if it is none."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def covers(names: tuple[str, ...], name: str) -> bool:
    """Whether a certificate for these names is valid for this one; a wildcard stands for one label."""
    return name in names or f"*.{name.partition('.')[2]}" in names
