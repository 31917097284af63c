"""When a certificate is renewed, and what stays if that fails."""

import json
import ssl
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1

from roles.gateway.files.slipway_certificate import acme, authority, names, pem
from roles.gateway.files.slipway_certificate.errors import CertificateError
from roles.gateway.files.slipway_certificate.pem import Certificate
from roles.gateway.files.slipway_certificate.settings import Paths, Settings
from tests.roles.gateway.slipway_certificate.conftest import DIRECTORY, DOMAIN, NOW, Renew
from tests.roles.gateway.slipway_certificate.fake_haproxy import Runtime, running

DAY = timedelta(days=1)


def installed(paths: Paths) -> Certificate:
    found = pem.load(paths.certificate)
    assert found
    return found


def fingerprint(paths: Paths) -> str:
    return installed(paths).leaf.fingerprint(SHA1()).hex()  # noqa: S303 as HAProxy shows it


def report(paths: Paths) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(paths.report.read_text())
    return content


class PublicAuthority:
    """Gives certificates, or a reason."""

    def __init__(self) -> None:
        self.problem, self.orders = "", 0

    def order(self, settings: Settings, _account: object) -> Certificate:
        self.orders += 1
        if self.problem:
            raise CertificateError(self.problem)
        made = authority.placeholder((settings.domain,), self.now)
        return Certificate(acme.source(settings), made.key, made.chain)

    now: datetime = NOW


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> PublicAuthority:
    made = PublicAuthority()
    monkeypatch.setattr(acme, "order", made.order)
    return made


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "own_addresses", lambda: ["192.0.2.7", "2001:db8::7"])
    monkeypatch.setattr(names, "own_names", lambda: ["host-7"])


def test_a_client_that_trusts_the_hosts_authority_trusts_the_certificate(paths: Paths, renew: Renew) -> None:
    assert renew() == (True, "")
    context = ssl.create_default_context(cafile=paths.authority)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(paths.certificate)
    assert len(context.get_ca_certs()) == 1
    assert installed(paths).names == (DOMAIN, "localhost", "127.0.0.1", "::1")


def test_without_a_domain_the_certificate_is_for_the_hosts_names_and_addresses(paths: Paths, renew: Renew) -> None:
    renew(domain="")
    assert set(installed(paths).names) == {
        *("host-7", "192.0.2.7", "2001:db8::7", "localhost", "127.0.0.1", "::1"),
    }


def test_only_root_reads_keys_and_everyone_reads_the_authority(paths: Paths, renew: Renew) -> None:
    renew()
    assert paths.private.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (paths.certificate, paths.authority_key)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (paths.authority, paths.report, paths.metrics)} == {0o644}


def test_a_certificate_is_renewed_when_a_third_of_its_life_is_left(paths: Paths, renew: Renew) -> None:
    renew()
    first, trusted = installed(paths), paths.authority.read_bytes()
    assert renew(NOW + 59 * DAY) == (False, "")
    assert installed(paths).chain == first.chain
    assert renew(NOW + 61 * DAY) == (True, "")
    assert installed(paths).leaf.serial_number != first.leaf.serial_number
    assert paths.authority.read_bytes() == trusted


@pytest.mark.parametrize("damage", ["certificate", "authority_key", "authority"])
def test_what_is_damaged_is_made_again(paths: Paths, renew: Renew, damage: str) -> None:
    renew()
    getattr(paths, damage).write_text("damaged")
    assert renew() == (True, "")
    assert renew() == (False, "")


def test_another_domain_gets_another_certificate_at_once(paths: Paths, renew: Renew) -> None:
    renew()
    assert renew(domain="y.example.com") == (True, "")
    assert "y.example.com" in installed(paths).names


def test_an_authority_that_expires_before_its_certificate_would_is_replaced(paths: Paths, renew: Renew) -> None:
    renew()
    trusted = paths.authority.read_bytes()
    assert renew(NOW + authority.AUTHORITY_LIFE - 89 * DAY) == (True, "")
    assert paths.authority.read_bytes() != trusted


def test_haproxy_can_start_before_the_public_authority_has_answered(
    paths: Paths, renew: Renew, public: PublicAuthority
) -> None:
    changed, problem = renew(tls="acme", offline=True)
    assert changed
    assert problem == f"{DIRECTORY} has not given a certificate for {DOMAIN} yet"
    assert installed(paths).source == authority.PLACEHOLDER
    assert paths.thumbprints.read_text().startswith("account ")
    assert public.orders == 0
    assert renew(tls="acme") == (True, "")
    assert installed(paths).source == f"acme {DIRECTORY}"
    assert renew(tls="acme") == (False, "")
    assert public.orders == 1


def test_a_renewal_that_fails_leaves_the_good_certificate_and_says_since_when(
    paths: Paths, renew: Renew, public: PublicAuthority
) -> None:
    public.now = NOW - authority.AUTHORITY_LIFE + 90 * DAY  # expires 90 days from now
    renew(tls="acme")
    good = paths.certificate.read_bytes()
    public.problem = "too many orders"
    for later in (85 * DAY, 86 * DAY):
        assert renew(NOW + later, tls="acme") == (False, "too many orders")
        assert paths.certificate.read_bytes() == good
        assert report(paths)["since"] == (NOW + 85 * DAY).timestamp()
    assert "slipway_certificate_renewal_failing 1\n" in paths.metrics.read_text()
    # A run that asks nobody keeps what the last attempt found.
    assert renew(NOW + 86 * DAY, tls="acme", offline=True) == (False, "too many orders")
    public.problem, public.now = "", NOW + 86 * DAY
    assert renew(NOW + 86 * DAY, tls="acme") == (True, "")
    assert (report(paths)["problem"], report(paths)["since"]) == ("", 0)
    assert "slipway_certificate_renewal_failing 0\n" in paths.metrics.read_text()


def test_a_certificate_that_the_authority_should_not_have_given_is_not_installed(
    paths: Paths, renew: Renew, public: PublicAuthority
) -> None:
    renew(tls="local")
    good = paths.certificate.read_bytes()
    public.now = NOW - authority.AUTHORITY_LIFE - DAY
    changed, problem = renew(tls="acme")
    assert not changed
    assert "expired on 2025-12-31" in problem
    assert paths.certificate.read_bytes() == good


def test_another_directory_is_asked_for_a_certificate_of_its_own(
    paths: Paths, renew: Renew, public: PublicAuthority
) -> None:
    renew(tls="acme")
    assert renew(tls="acme", directory="https://other.example.com/dir") == (True, "")
    assert public.orders == 2


def test_the_report_holds_the_times_that_the_health_check_reads(paths: Paths, renew: Renew) -> None:
    renew()
    found = report(paths)
    assert found["source"] == "local"
    assert found["not_after"] == (NOW + 90 * DAY).timestamp()
    assert abs(found["report_at"] - (NOW + 61 * DAY).timestamp()) < DAY.total_seconds()
    assert f"slipway_certificate_expiry_timestamp_seconds {found['not_after']}\n" in paths.metrics.read_text()


def test_behind_a_load_balancer_there_is_no_certificate(paths: Paths, renew: Renew) -> None:
    renew()
    assert renew(tls="upstream") == (False, "")
    assert not paths.report.exists()
    assert not paths.metrics.exists()


def test_haproxy_gets_a_new_certificate_over_its_socket(paths: Paths, renew: Renew) -> None:
    with running(paths.socket, Runtime()) as haproxy:
        renew()
        assert haproxy.verbs == ["show", "set", "commit", "show"]
        (given,) = [command for command in haproxy.commands if command.startswith("set ")]
        _, _, payload = given.partition("<<\n")
        assert payload == installed(paths).pem().decode() + "\n"
        # An empty line would end the payload.
        assert "\n\n" not in payload[:-2]


def test_haproxy_is_left_alone_if_it_serves_the_file(paths: Paths, renew: Renew) -> None:
    renew()
    with running(paths.socket, Runtime(fingerprint(paths))) as haproxy:
        renew()
        assert haproxy.verbs == ["show"]


def test_haproxy_catches_up_after_a_run_that_was_cut_off(paths: Paths, renew: Renew) -> None:
    renew()
    with running(paths.socket, Runtime("00" * 20)) as haproxy:
        assert renew() == (False, "")
        assert haproxy.verbs == ["show", "set", "commit"]
        assert haproxy.fingerprint == fingerprint(paths)


@pytest.mark.parametrize("verb", ["set", "commit"])
def test_what_haproxy_refuses_is_not_what_it_starts_with(paths: Paths, renew: Renew, verb: str) -> None:
    renew()
    good = paths.certificate.read_bytes()
    with running(paths.socket, Runtime(refuse=verb)) as haproxy:
        changed, problem = renew(NOW + 70 * DAY)
        assert not changed
        assert problem == "HAProxy refuses the new certificate: unable to load certificate from file"
        assert haproxy.verbs[-1] == "abort"
    assert paths.certificate.read_bytes() == good
    assert not list(paths.private.glob("*.new"))
