"""A reload of the gateway, and a renewal of its certificate."""

import ssl

from rehearsal.host import Host
from rehearsal.releases import Releases
from workstation.errors import CommandError

# Puts a certificate that is due in the place of the one that the gateway serves, which keeps serving it.
MAKE_DUE = """
import sys
from datetime import datetime, timezone
sys.path.insert(0, "/usr/local/lib/slipway")
from slipway_certificate import authority, names, pem, settings
paths, now = settings.Paths(), datetime.now(timezone.utc)
domain = settings.read(paths.settings).domain
due = authority.ensure(paths, domain, now).issue(names.wanted(domain), now - authority.LIFE * 0.9)
pem.save(paths.certificate, due)
"""


def reload(releases: Releases) -> None:
    """Reload the gateway; raises CommandError unless another process serves afterwards."""
    before = _workers(releases.host)
    releases.host.run("systemctl", "reload", "haproxy")
    if not _workers(releases.host) - before:
        raise CommandError("the gateway was reloaded, but no new process of it serves")


def renew(releases: Releases) -> None:
    """Renew the certificate as the timer does; raises CommandError unless it is served, without a reload."""
    workers, before = _workers(releases.host), _certificate(releases)
    releases.host.run("python3", "-I", "-c", MAKE_DUE)
    releases.host.run("systemctl", "start", "slipway-certificate.service")
    if _certificate(releases) == before:
        raise CommandError("the certificate was renewed, but the gateway serves the old one")
    if _workers(releases.host) - workers:
        raise CommandError("the gateway was reloaded for a new certificate")


def _workers(host: Host) -> set[str]:
    return set(host.run("pgrep", "--exact", "haproxy").split())


def _certificate(releases: Releases) -> str:
    """Return the certificate that clients get; they trust it, or this raises OSError."""
    return ssl.get_server_certificate(("localhost", releases.state.https), ca_certs=str(releases.checkout.ca))
