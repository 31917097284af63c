"""The authority of the host itself, and certificates that it, or nobody, signs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import files, pem
from .errors import CertificateError
from .names import address
from .pem import Certificate
from .settings import Paths

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=90)
# For clients whose clock is late.
BACKDATED = timedelta(hours=1)
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
LOCAL, PLACEHOLDER = "local", "placeholder"


@dataclass(frozen=True)
class Authority:
    """The key and the certificate of the authority."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issued(self, certificate: Certificate) -> bool:
        """Whether this authority signed a certificate."""
        try:
            certificate.leaf.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def issue(self, wanted: tuple[str, ...], now: datetime) -> Certificate:
        """Return a certificate for these names."""
        key = make_key()
        leaf = _builder(wanted[0], self.certificate.subject, key, now, LIFE)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        leaf = _of_a_server(leaf, wanted).add_extension(identifier, critical=False)
        return Certificate(LOCAL, key, (leaf.sign(self.key, SHA256()),))


def ensure(paths: Paths, host: str, now: datetime) -> Authority:
    """Return the authority of this host; make one if there is none that can still sign."""
    found = _load(paths)
    if found and found.certificate.not_valid_after_utc > now + LIFE:
        return found
    made = _make(host, now)
    # The key first: a certificate without its key is replaced in the next run.
    files.replace(paths.authority_key, pem.private_pem(made.key), 0o600)
    files.replace(paths.authority, made.certificate.public_bytes(Encoding.PEM), 0o644)
    return made


def _load(paths: Paths) -> Authority | None:
    try:
        key, certificate = paths.authority_key.read_bytes(), paths.authority.read_bytes()
        found = pem.parse(LOCAL, key, certificate)
    except (FileNotFoundError, CertificateError):
        return None
    matches = isinstance(found.key, ec.EllipticCurvePrivateKey) and pem.public(found.key) == pem.public(found.leaf)
    return Authority(found.key, found.leaf) if matches else None


def _make(host: str, now: datetime) -> Authority:
    key = make_key()
    # Two authorities must not have one name: a client that trusts both would take the wrong key.
    title = f"Slipway on {host}"[:50] + f", {now:%Y-%m-%d}"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    builder = _builder(title, subject, key, now, AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return Authority(key, builder.sign(key, SHA256()))


def placeholder(wanted: tuple[str, ...], now: datetime) -> Certificate:
    """Return a certificate that nobody trusts, with which HAProxy can start."""
    key = make_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Slipway, not certified yet")])
    leaf = _of_a_server(_builder(wanted[0], subject, key, now, AUTHORITY_LIFE), wanted)
    return Certificate(PLACEHOLDER, key, (leaf.sign(key, SHA256()),))


def make_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key: every client knows this curve, and it signs ten times as fast as RSA."""
    return ec.generate_private_key(ec.SECP256R1())


def alternative_names(wanted: tuple[str, ...]) -> x509.SubjectAlternativeName:
    """Return names and addresses as the extension of a certificate."""
    return x509.SubjectAlternativeName(
        [x509.IPAddress(found) if (found := address(name)) else x509.DNSName(name) for name in wanted]
    )


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    # A common name has at most 64 characters; clients only read the alternative names.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _of_a_server(builder: x509.CertificateBuilder, wanted: tuple[str, ...]) -> x509.CertificateBuilder:
    return (
        builder.add_extension(alternative_names(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in USAGES})
