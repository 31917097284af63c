"""A certificate and a key that a person puts on the host."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from roles.gateway.files.slipway_certificate import authority, pem
from roles.gateway.files.slipway_certificate.pem import Certificate
from roles.gateway.files.slipway_certificate.settings import Paths
from tests.roles.gateway.slipway_certificate.conftest import DOMAIN, NOW, Renew

DAY = timedelta(days=1)
Give = Callable[[Certificate], None]


@pytest.fixture
def issuer(paths: Paths) -> authority.Authority:
    """An authority, which signs for the files of the test."""
    paths.private.mkdir(parents=True)
    return authority.ensure(paths, "elsewhere", NOW)


@pytest.fixture
def given(issuer: authority.Authority) -> Certificate:
    """A certificate with its chain."""
    made = issuer.issue((DOMAIN,), NOW)
    return Certificate("files", made.key, (*made.chain, issuer.certificate))


@pytest.fixture
def give(paths: Paths) -> Give:
    """Put a certificate where a person does."""

    def put(certificate: Certificate) -> None:
        paths.files.mkdir(parents=True, exist_ok=True)
        (paths.files / "key.pem").write_bytes(pem.private_pem(certificate.key))
        blocks = [one.public_bytes(Encoding.PEM) for one in certificate.chain]
        (paths.files / "certificate.pem").write_bytes(b"\n".join(blocks))

    return put


def test_they_are_served_with_their_chain(paths: Paths, renew: Renew, given: Certificate, give: Give) -> None:
    give(given)
    assert renew(tls="files") == (True, "")
    found = pem.load(paths.certificate)
    assert found
    assert found.chain == given.chain
    assert renew(tls="files") == (False, "")


def test_new_ones_are_taken_up(renew: Renew, issuer: authority.Authority, given: Certificate, give: Give) -> None:
    give(given)
    renew(tls="files")
    give(issuer.issue((f"*.{DOMAIN.partition('.')[2]}",), NOW))
    assert renew(tls="files") == (True, "")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda good, _: (good.chain, authority.make_key()), "the key does not belong to the certificate"),
        (lambda good, _: (good.chain[::-1], good.key), "the key does not belong to the certificate"),
        (
            lambda good, other: ((good.leaf, other.certificate), good.key),
            "the chain is not in order: certificate 2 (CN=Slipway on another\\, 2026-01-01) did not issue certificate 1"
            f" (CN={DOMAIN}); wanted the host's certificate first, then the issuer of each",
        ),
    ],
    ids=["another key", "the issuer first", "another issuer"],
)
def test_what_does_not_belong_together_is_refused_and_the_old_one_serves_on(
    paths: Paths,
    renew: Renew,
    given: Certificate,
    give: Give,
    wrong: Callable[[Certificate, authority.Authority], tuple[tuple[x509.Certificate, ...], object]],
    problem: str,
) -> None:
    give(given)
    renew(tls="files")
    good = paths.certificate.read_bytes()
    other = authority._make("another", NOW)
    chain, key = wrong(given, other)
    give(Certificate("files", key, chain))
    changed, said = renew(tls="files")
    assert not changed
    assert said == f"{paths.files}: {problem}"
    assert paths.certificate.read_bytes() == good


def test_one_for_another_name_is_refused(paths: Paths, renew: Renew, issuer: authority.Authority, give: Give) -> None:
    give(issuer.issue(("other.example.com",), NOW))
    _, problem = renew(tls="files")
    assert problem.endswith(f"the certificate is for other.example.com, wanted one for {DOMAIN} (domain)")
    assert renew(tls="files", domain="")[1] == ""
    found = pem.load(paths.certificate)
    assert found
    assert found.names == ("other.example.com",)


def test_an_expired_one_is_reported(renew: Renew, given: Certificate, give: Give) -> None:
    give(given)
    renew(tls="files")
    _, problem = renew(NOW + 91 * DAY, tls="files")
    assert f"the certificate CN={DOMAIN} expired on 2026-04-01 00:00 UTC" in problem


def test_missing_files_are_named_and_a_placeholder_lets_haproxy_start(paths: Paths, renew: Renew) -> None:
    changed, problem = renew(tls="files")
    assert changed
    assert problem == f"{paths.files}: key.pem: No such file or directory"
    found = pem.load(paths.certificate)
    assert found
    assert found.source == "placeholder"


def test_what_is_not_pem_is_refused_without_a_word_of_it(
    paths: Paths, renew: Renew, given: Certificate, give: Give
) -> None:
    give(given)
    (paths.files / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    assert renew(tls="files")[1] == f"{paths.files}: the key is not a PEM file of a private key"
    encrypted = given.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (paths.files / "key.pem").write_bytes(encrypted)
    assert renew(tls="files")[1] == f"{paths.files}: the key is encrypted: wanted one without a password"
    (paths.files / "certificate.pem").write_text("text")
    assert renew(tls="files")[1] == f"{paths.files}: the certificate is not a PEM file of certificates"


def test_a_person_is_reminded_thirty_days_before(renew: Renew, paths: Paths, given: Certificate, give: Give) -> None:
    give(given)
    renew(tls="files")
    assert f'"report_at": {int((NOW + 60 * DAY).timestamp())}' in paths.report.read_text()
