"""What Caddy, the gateway of earlier versions, has and clients trust: a host keeps it when HAProxy takes over."""

from datetime import datetime
from pathlib import Path

from . import acme, files, pem
from .errors import CertificateError
from .pem import Certificate
from .settings import Paths, Settings


def keep_authority(paths: Paths) -> None:
    """Go on with the authority that Caddy made, if there is none of our own yet."""
    folder = paths.caddy / "pki" / "authorities" / "local"
    if not paths.authority_key.exists() and (folder / "root.key").exists():
        files.replace(paths.authority_key, (folder / "root.key").read_bytes(), 0o600)
        files.replace(paths.authority, (folder / "root.crt").read_bytes(), 0o644)


def certificate(settings: Settings, paths: Paths, now: datetime) -> Certificate | None:
    """Return the certificate that Caddy got from the public authority; None if there is none that is still good."""
    name = settings.acme_directory.removeprefix("https://").replace("/", "-")
    folder: Path = paths.caddy / "certificates" / name / settings.domain
    try:
        key, chain = ((folder / f"{settings.domain}.{kind}").read_bytes() for kind in ("key", "crt"))
        found = pem.parse(acme.source(settings), key, chain)
        found.check(now)
    except (FileNotFoundError, CertificateError):
        return None
    return found
