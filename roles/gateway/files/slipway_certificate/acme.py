"""Certificates from a public authority, with certbot's library; HAProxy answers the authority's challenges.

The answer to a challenge of the kind http-01 is the token of the request, a dot, and the thumbprint of the account's
key. HAProxy knows the thumbprint from a map, so that nothing has to be written, or run, while an order is under way.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
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

# Of one request to the authority, and of an order.
REQUEST_SECONDS, ORDER_SECONDS = 30, 180
# The key of the map.
ACCOUNT = "account"


def source(settings: Settings) -> str:
    """Return the source of certificates of this authority."""
    return f"acme {settings.acme_directory}"


def prepare(paths: Paths) -> ec.EllipticCurvePrivateKey:
    """Return the account's key, which is made if there is none; HAProxy knows its thumbprint."""
    key = _load(paths)
    if key is None:
        key = make_key()
        files.replace(paths.account_key, pem.private_pem(key), 0o600)
    line = f"{ACCOUNT} {thumbprint(key)}\n".encode()
    if not paths.thumbprints.exists() or paths.thumbprints.read_bytes() != line:
        files.replace(paths.thumbprints, line, 0o644)
        haproxy.set_map(paths.socket, paths.thumbprints, ACCOUNT, thumbprint(key))
    return key


def _load(paths: Paths) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = load_pem_private_key(paths.account_key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the thumbprint of a key as RFC 7638 defines it."""
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    # These members and no others, in this order and without spaces.
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    return _base64url(hashlib.sha256(members.encode()).digest())


def order(settings: Settings, account: ec.EllipticCurvePrivateKey) -> Certificate:
    """Return a new certificate for the domain; raises CertificateError with the authority's reason."""
    key = make_key()
    with _reasons(settings):
        chain = _fullchain(settings, account, _request(settings.domain, key))
    return pem.parse(source(settings), pem.private_pem(key), chain.encode())


def _request(domain: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(alternative_names((domain,)), critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _fullchain(settings: Settings, account: ec.EllipticCurvePrivateKey, request: bytes) -> str:
    from acme import challenges, client, errors, messages
    from josepy import ES256, JWKEC

    identity = JWKEC(key=account)
    network = client.ClientNetwork(identity, alg=ES256, user_agent="slipway", timeout=REQUEST_SECONDS)
    authority = client.ClientV2(client.ClientV2.get_directory(settings.acme_directory, network), network)
    wanted = messages.NewRegistration.from_data(email=settings.acme_email or None, terms_of_service_agreed=True)
    try:
        authority.new_account(wanted)
    except errors.ConflictError as known:
        network.account = messages.RegistrationResource(body=messages.Registration(), uri=known.location)
    under_way = authority.new_order(request)
    for authorization in under_way.authorizations:
        for challenge in authorization.body.challenges:
            if isinstance(challenge.chall, challenges.HTTP01) and challenge.status != messages.STATUS_VALID:
                authority.answer_challenge(challenge, challenge.response(identity))
    deadline = datetime.now() + timedelta(seconds=ORDER_SECONDS)
    chain: str = authority.poll_and_finalize(under_way, deadline).fullchain_pem
    return chain


@contextmanager
def _reasons(settings: Settings) -> Iterator[None]:
    """Turn the errors of the library, and of its connections, into a sentence."""
    from acme import errors, messages
    from requests import RequestException

    try:
        yield
    except errors.ValidationError as error:
        found = (challenge for failed in error.failed_authzrs for challenge in failed.body.challenges)
        reason = "; ".join(str(challenge.error.detail) for challenge in found if challenge.error)
    except messages.Error as error:
        reason = str(error.detail or error)
    except errors.TimeoutError:
        reason = f"it did not finish within {ORDER_SECONDS} s"
    except (errors.Error, RequestException, ValueError) as error:
        reason = str(error) or type(error).__name__
    else:
        return
    raise CertificateError(f"{settings.acme_directory} gave no certificate for {settings.domain}: {_line(reason)}")


def _line(text: Any) -> str:
    return " ".join(str(text).split())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
