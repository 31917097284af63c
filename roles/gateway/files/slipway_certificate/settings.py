"""The settings, from a file that the role writes, and the paths of all files."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from .errors import CertificateError


@dataclass(frozen=True)
class Settings:
    """The settings of environments/*.yml that this command needs."""

    tls: str
    domain: str
    acme_directory: str
    acme_email: str


@dataclass(frozen=True)
class Paths:
    """All files; `root` is another folder in tests."""

    root: Path = Path("/")

    @property
    def settings(self) -> Path:
        """The settings, which the role writes."""
        return self.root / "etc/slipway/certificate.json"

    @property
    def files(self) -> Path:
        """The folder where a person puts `certificate.pem` and `key.pem` if `tls` is `files`."""
        return self.root / "etc/slipway/tls"

    @property
    def gateway(self) -> Path:
        """The folder of the gateway's data, which everyone can read."""
        return self.root / "var/lib/slipway/gateway"

    @property
    def private(self) -> Path:
        """The folder of keys, for root alone."""
        return self.gateway / "certificates"

    @property
    def certificate(self) -> Path:
        """The key and the certificates that HAProxy loads."""
        return self.private / "default.pem"

    @property
    def authority_key(self) -> Path:
        """The key of the host's own authority."""
        return self.private / "ca.key"

    @property
    def authority(self) -> Path:
        """The certificate of the host's own authority, for whoever is to trust it."""
        return self.gateway / "ca.crt"

    @property
    def account_key(self) -> Path:
        """The key of the account with the public authority."""
        return self.private / "account.key"

    @property
    def thumbprints(self) -> Path:
        """HAProxy's map from `account` to the thumbprint with which it answers challenges."""
        return self.gateway / "acme.map"

    @property
    def report(self) -> Path:
        """The state of the certificate, for the agent's health check."""
        return self.gateway / "certificate.json"

    @property
    def metrics(self) -> Path:
        """The same for Prometheus, beside the agent's metrics."""
        return self.root / "var/lib/slipway/metrics/certificate.prom"

    @property
    def caddy(self) -> Path:
        """The storage of Caddy, the gateway of earlier versions."""
        return self.root / "var/lib/caddy/.local/share/caddy"

    @property
    def socket(self) -> Path:
        """HAProxy's runtime socket."""
        return self.root / "run/haproxy/admin.sock"


def read(path: Path) -> Settings:
    """Return the settings in a file; raises CertificateError if they cannot be used."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CertificateError(f"{path}: is not JSON ({error})") from error
    wanted = [field.name for field in fields(Settings)]
    if not isinstance(content, dict) or sorted(content) != sorted(wanted):
        raise CertificateError(f"{path}: wanted the keys {', '.join(wanted)} and no others")
    return Settings(**content)
