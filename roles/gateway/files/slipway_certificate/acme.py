"""Certificates from a public authority, by the ACME client uacme; HAProxy answers the authority's challenges.

An answer to a challenge of the kind http-01 is the token of the request, a dot, and the thumbprint of the account's
key. HAProxy knows the thumbprint from a map, so that nothing has to be written, or run, while an order is under way.
"""

import base64
import hashlib
import json
import re
import subprocess
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from . import files, haproxy, pem
from .authority import alternative_names, make_key
from .errors import CertificateError
from .pem import Certificate
from .settings import Paths, Settings

CLIENT = "/usr/bin/uacme"
# It accepts a challenge if it is http-01.
HOOK = "/usr/local/lib/slipway/acme-hook"
LIMIT_SECONDS = 300
ACCOUNT = "account"
DETAIL = re.compile(r'"detail":\s*("(?:[^"\\]|\\.)*")')


def source(settings: Settings) -> str:
    """Return the source of certificates of this authority."""
    return f"acme {settings.acme_directory}"


def prepare(paths: Paths) -> None:
    """Make the account's key if there is none, and tell HAProxy its thumbprint."""
    path = paths.acme / "private" / "key.pem"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        key: Any = load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        key = make_key()
        files.replace(path, pem.private_pem(key), 0o600)
    line = f"{ACCOUNT} {thumbprint(key)}\n".encode()
    if not paths.thumbprints.exists() or paths.thumbprints.read_bytes() != line:
        files.replace(paths.thumbprints, line, 0o644)
        haproxy.set_map(paths.socket, paths.thumbprints, ACCOUNT, thumbprint(key))


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the thumbprint of a key as RFC 7638 defines it."""
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    # These members and no others, in this order and without spaces.
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    return _base64url(hashlib.sha256(members.encode()).digest())


def order(settings: Settings, paths: Paths) -> Certificate:
    """Return a new certificate for the domain; raises CertificateError with the authority's reason."""
    key, request = make_key(), paths.acme / "request.csr"
    files.replace(request, _request(settings.domain, key), 0o600)
    # Fails if the account exists. What matters is whether the order succeeds, and its reasons include those of this.
    _client(settings, paths, "new", *filter(None, [settings.acme_email]))
    answer = paths.acme / "request-cert.pem"
    answer.unlink(missing_ok=True)
    done = _client(settings, paths, "--never-create", "--force", "--no-ocsp", "--no-ari", "issue", str(request))
    if done.returncode or not answer.exists():
        raise CertificateError(f"{settings.acme_directory} gave no certificate for {settings.domain}: {_reason(done)}")
    return pem.parse(source(settings), pem.private_pem(key), answer.read_bytes())


def _request(domain: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(alternative_names((domain,)), critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _client(settings: Settings, paths: Paths, *command: str) -> subprocess.CompletedProcess[str]:
    options = ["--confdir", str(paths.acme), "--acme-url", settings.acme_directory, "--yes", "--hook", HOOK]
    try:
        return subprocess.run(  # noqa: S603 the settings are checked, and no shell reads them
            [CLIENT, *options, *command], check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise CertificateError(f"{settings.acme_directory} did not finish within {LIMIT_SECONDS} s") from error
    except OSError as error:
        raise CertificateError(f"{CLIENT} cannot be run: {error.strerror}") from error


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return what the authority says, or what the client says last."""
    if details := DETAIL.findall(done.stderr):
        reason: str = json.loads(details[-1])
        return reason
    lines = [line.removeprefix("uacme: ") for line in done.stderr.splitlines() if line.startswith("uacme: ")]
    if not lines:
        return f"{CLIENT} ended with exit code {done.returncode}"
    # The last line names the step, the first one the cause.
    return lines[-1] if lines[0] == lines[-1] else f"{lines[-1]} ({lines[0]})"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
