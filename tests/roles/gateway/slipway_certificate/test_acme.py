"""The account with a public authority. test_pebble.py orders certificates from a real one."""

from cryptography.hazmat.primitives.asymmetric import ec

from roles.gateway.files.slipway_certificate import acme
from roles.gateway.files.slipway_certificate.settings import Paths
from tests.roles.gateway.slipway_certificate.fake_haproxy import Runtime, running


def test_the_accounts_key_is_made_once_and_haproxy_learns_its_thumbprint(paths: Paths) -> None:
    paths.private.mkdir(parents=True)
    with running(paths.socket, Runtime()) as haproxy:
        acme.prepare(paths)
        first = paths.thumbprints.read_text()
        acme.prepare(paths)
        assert paths.thumbprints.read_text() == first
        assert haproxy.commands == [f"set map {paths.thumbprints} {first}"]
    assert paths.account_key.stat().st_mode & 0o777 == 0o600


def test_the_thumbprint_is_the_one_of_rfc_7638() -> None:
    # The key with the private number 1: its public point is the curve's base point, the expected value is OpenSSL's.
    assert acme.thumbprint(ec.derive_private_key(1, ec.SECP256R1())) == "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M"
