"""HAProxy in a container with a part of the roles' configuration, and clients whose address the test chooses."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from containers import images
from tests.roles.real_gateway import Gateway, UnixConnection

FRONTEND = """\
global
    stats socket {{ folder }}/admin.sock mode 600 level admin
defaults slipway
    mode http
    log stdout format raw daemon
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend public from slipway
    # The PROXY protocol says the client's address: a Unix socket has none.
    bind unix@{{ folder }}/http.sock mode 600 accept-proxy
    bind unix@{{ folder }}/own.sock mode 600
    log-format "status %ST"
"""


class AddressedConnection(UnixConnection):
    """A connection from an address of the internet; without one, over the host's own socket."""

    def __init__(self, folder: Path, address: str = "") -> None:
        super().__init__(str(folder / ("http.sock" if address else "own.sock")))
        self.address = address

    def connect(self) -> None:
        super().connect()
        if self.address:
            family, to = ("TCP6", "2001:db8::1") if ":" in self.address else ("TCP4", "192.0.2.1")
            self.sock.sendall(f"PROXY {family} {self.address} {to} 4000 443\r\n".encode())


@contextlib.contextmanager
def running(folder: Path, templates: Path, rest: str, **variables: Any) -> Iterator[Gateway]:
    """A frontend and the rest of the configuration, a template that may include those of a role."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        trim_blocks=True,  # as Ansible renders templates
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # what it makes is no HTML
    )
    environment.filters["to_json"] = json.dumps
    environment.tests["exists"] = os.path.exists
    images.make("host")
    gateway = Gateway(folder)
    gateway.configuration.mkdir(exist_ok=True)
    text = environment.from_string(FRONTEND + rest).render(folder=folder, ansible_managed="", **variables)
    # Files of the roles are in the folder of the test.
    text = text.replace("/etc/haproxy/slipway", str(gateway.configuration))
    (gateway.configuration / "00-gateway.cfg").write_text(text)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
