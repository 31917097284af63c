"""roles/gateway/files/slipway_certificate/caddy.py"""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from roles.gateway.files.slipway_certificate import authority, pem
from roles.gateway.files.slipway_certificate.pem import Certificate
from roles.gateway.files.slipway_certificate.settings import Paths
from tests.roles.gateway.slipway_certificate.conftest import DIRECTORY, DOMAIN, NOW, Renew

DAY = timedelta(days=1)


@pytest.fixture
def made_by_caddy() -> authority.Authority:
    return authority._make("caddy", NOW - 100 * DAY)


def test_clients_that_trust_the_authority_of_caddy_trust_the_new_certificate(
    paths: Paths, renew: Renew, made_by_caddy: authority.Authority
) -> None:
    folder = paths.caddy / "pki/authorities/local"
    folder.mkdir(parents=True)
    key = made_by_caddy.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (folder / "root.key").write_bytes(key)
    (folder / "root.crt").write_bytes(made_by_caddy.certificate.public_bytes(Encoding.PEM))
    for now in (NOW, NOW + 61 * DAY):
        assert renew(now) == (True, "")
        found = pem.load(paths.certificate)
        assert found
        found.leaf.verify_directly_issued_by(made_by_caddy.certificate)


@pytest.mark.parametrize(
    ("age", "kept"), [(10, True), (70, True), (91, False)], ids=["good", "to be renewed", "expired"]
)
def test_a_host_starts_with_the_public_certificate_of_caddy(
    paths: Paths, renew: Renew, made_by_caddy: authority.Authority, age: int, kept: bool
) -> None:
    folder = paths.caddy / "certificates/acme.example.com-dir" / DOMAIN
    folder.mkdir(parents=True)
    made = made_by_caddy.issue((DOMAIN,), NOW - age * DAY)
    given = Certificate(f"acme {DIRECTORY}", made.key, (*made.chain, made_by_caddy.certificate))
    (folder / f"{DOMAIN}.key").write_bytes(pem.private_pem(given.key))
    (folder / f"{DOMAIN}.crt").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in given.chain))
    changed, problem = renew(tls="acme", offline=True)
    assert changed
    assert (problem == "") == kept
    found = pem.load(paths.certificate)
    assert found
    assert (found.chain == given.chain) == kept
