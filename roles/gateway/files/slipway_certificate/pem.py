"""A certificate with its chain and its key, as one PEM file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from . import files
from .errors import CertificateError

# The first line of our file says where the certificate is from; PEM's readers skip what is outside of its blocks.
SOURCE = "# source: "


@dataclass(frozen=True)
class Certificate:
    """The key, the certificate and its issuers, in this order; `source` says where they are from."""

    source: str
    key: Any  # cryptography has no common type for the keys of certificates
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    @property
    def not_after(self) -> datetime:
        """When it expires."""
        return self.leaf.not_valid_after_utc

    @property
    def renew_at(self) -> datetime:
        """When a third of its life is left."""
        return self.not_after - (self.not_after - self.leaf.not_valid_before_utc) / 3

    @property
    def names(self) -> tuple[str, ...]:
        """The host names and addresses that it is for."""
        try:
            found = self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        addresses = found.get_values_for_type(x509.IPAddress)
        return (*found.get_values_for_type(x509.DNSName), *map(str, addresses))

    def pem(self) -> bytes:
        """Return key and chain as HAProxy loads them; no empty line, which would end a command of its socket."""
        blocks = (one.public_bytes(Encoding.PEM) for one in self.chain)
        return b"".join((f"{SOURCE}{self.source}\n".encode(), private_pem(self.key), *blocks))

    def check(self, now: datetime) -> None:
        """Raise CertificateError unless clients can be served with it now."""
        if public(self.key) != public(self.leaf):
            raise CertificateError("the key does not belong to the certificate")
        for place, (one, issuer) in enumerate(zip(self.chain, self.chain[1:], strict=False), 2):
            try:
                one.verify_directly_issued_by(issuer)
            except (InvalidSignature, ValueError, TypeError) as error:
                raise CertificateError(
                    f"the chain is not in order: certificate {place} ({issuer.subject.rfc4514_string()}) did not issue"
                    f" certificate {place - 1} ({one.subject.rfc4514_string()}); wanted the host's certificate first,"
                    " then the issuer of each"
                ) from error
        for one in self.chain:
            if one.not_valid_after_utc <= now:
                raise CertificateError(f"{_title(one)} expired on {one.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
            # Clocks differ by some minutes.
            if one.not_valid_before_utc > now + timedelta(minutes=5):
                raise CertificateError(f"{_title(one)} is valid from {one.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on")


def _title(certificate: x509.Certificate) -> str:
    return f"the certificate {certificate.subject.rfc4514_string() or 'without a subject'}"


def parse(source: str, key: bytes, chain: bytes) -> Certificate:
    """Return a certificate from PEM blocks; raises CertificateError. `key` and `chain` may be in one text."""
    try:
        certificates = tuple(x509.load_pem_x509_certificates(chain))
    except ValueError as error:
        raise CertificateError("the certificate is not a PEM file of certificates") from error
    try:
        loaded = load_pem_private_key(key, password=None)
    except TypeError as error:
        raise CertificateError("the key is encrypted: wanted one without a password") from error
    except ValueError as error:
        # Never the library's message: it may tell about the key.
        raise CertificateError("the key is not a PEM file of a private key") from error
    return Certificate(source, loaded, certificates)


def load(path: Path) -> Certificate | None:
    """Return the certificate in our file; None if there is none, or it is damaged."""
    try:
        text = path.read_bytes()
        first = text.partition(b"\n")[0].decode(errors="replace")
        return parse(first.removeprefix(SOURCE) if first.startswith(SOURCE) else "", text, text)
    except (FileNotFoundError, CertificateError):
        return None


def save(path: Path, certificate: Certificate, accept: Callable[[], object] | None = None) -> None:
    """Replace our file atomically; only root can read it. If `accept` raises, nothing changes."""
    files.replace(path, certificate.pem(), 0o600, accept)


def private_pem(key: Any) -> bytes:
    """Return a private key as PEM."""
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def public(owner: Any) -> bytes:
    """Return the public key of a private key or a certificate, to compare it."""
    key: bytes = owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key
