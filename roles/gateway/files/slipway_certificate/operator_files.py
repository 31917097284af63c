"""The certificate that a person puts on the host, if `tls` is `files`."""

from datetime import datetime
from pathlib import Path

from . import names, pem
from .errors import CertificateError
from .pem import Certificate
from .settings import Paths

FILES = "files"
CERTIFICATE, KEY = "certificate.pem", "key.pem"


def read(paths: Paths, domain: str, now: datetime) -> Certificate:
    """Return the certificate in the folder; raises CertificateError if it cannot be used."""
    chain, key = paths.files / CERTIFICATE, paths.files / KEY
    try:
        found = pem.parse(FILES, _read(key), _read(chain))
        found.check(now)
    except CertificateError as error:
        raise CertificateError(f"{paths.files}: {error}") from error
    if domain and not names.covers(found.names, domain):
        listed = ", ".join(found.names) or "no name"
        raise CertificateError(f"{chain}: the certificate is for {listed}, wanted one for {domain} (domain)")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path.name}: {error.strerror}") from error
