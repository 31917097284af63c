"""Decides whether a new certificate is due, gets it from where the settings say, and installs it.

Whatever fails, the certificate that is installed stays, and the report says why.
"""

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from . import acme, authority, caddy, haproxy, names, operator_files, pem, report
from .errors import CertificateError
from .pem import Certificate
from .settings import Paths, Settings


def renew(settings: Settings, paths: Paths, now: datetime, *, offline: bool) -> tuple[bool, str]:
    """Renew the certificate if that is due; return whether a new one was installed, and the problem if there is one.

    `offline` asks no public authority, which takes a while and needs a gateway that runs.
    """
    if settings.tls == "upstream":
        report.remove(paths)
        return False, ""
    paths.private.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths.gateway.chmod(0o755)
    paths.private.chmod(0o700)
    with _lock(paths):
        return _renew(settings, paths, now, offline)


def _renew(settings: Settings, paths: Paths, now: datetime, offline: bool) -> tuple[bool, str]:
    before, last = pem.load(paths.certificate), report.read(paths)
    current = before or _first(settings, paths, now)
    if not before:
        # HAProxy does not start without a certificate.
        pem.save(paths.certificate, current)
    try:
        fresh, problem = _fresh(settings, paths, current, now, offline, last)
        if fresh:
            fresh.check(now)
            # HAProxy first: one that it refuses would keep it from starting again.
            pem.save(paths.certificate, fresh, lambda: haproxy.install(paths.socket, paths.certificate, fresh))
        # After a run that was cut off, HAProxy may serve another one than the file's.
        current = fresh or current
        haproxy.install(paths.socket, paths.certificate, current)
    except (CertificateError, OSError) as error:
        problem = str(error)
    report.write(paths, report.make(current, problem, settings.tls == "files", last, now))
    return not before or before.chain != current.chain, problem


def _first(settings: Settings, paths: Paths, now: datetime) -> Certificate:
    """Return the certificate with which HAProxy starts; until another one is there, even one that nobody trusts."""
    return caddy.certificate(settings, paths, now) or authority.placeholder(names.wanted(settings.domain), now)


def _fresh(
    settings: Settings, paths: Paths, current: Certificate, now: datetime, offline: bool, last: report.Report | None
) -> tuple[Certificate | None, str]:
    """Return a new certificate if one is due, and the problem if one is due that cannot be had now."""
    if settings.tls == "files":
        given = operator_files.read(paths, settings.domain, now)
        return (given if given.chain != current.chain or given.source != current.source else None), ""
    if settings.tls == "local":
        return _local(settings, paths, current, now), ""
    account = acme.prepare(paths)
    due = current.source != acme.source(settings) or not names.covers(current.names, settings.domain)
    if not due and now < current.renew_at:
        return None, ""
    if not offline:
        return acme.order(settings, account), ""
    never = f"{settings.acme_directory} has not given a certificate for {settings.domain} yet" if due else ""
    return None, (last.problem if last else "") or never


def _local(settings: Settings, paths: Paths, current: Certificate, now: datetime) -> Certificate | None:
    caddy.keep_authority(paths)
    own = authority.ensure(paths, settings.domain or socket.gethostname(), now)
    wanted = names.wanted(settings.domain)
    if own.issued(current) and set(wanted) <= set(current.names) and now < current.renew_at:
        return None
    return own.issue(wanted, now)


@contextmanager
def _lock(paths: Paths) -> Iterator[None]:
    """Wait until no other process of this command is at work: the timer and the role may start it at once."""
    with open(paths.private / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
