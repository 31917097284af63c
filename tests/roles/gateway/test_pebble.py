"""Certificates from a public authority, end to end: pebble gives them, Debian's HAProxy answers for them.

The tests run in this order, as the days of a host do.
"""

from collections.abc import Iterator

import pytest

from agent.health import certificate as health
from roles.gateway.files.slipway_certificate import acme
from tests.roles.gateway import haproxy_container
from tests.roles.gateway.haproxy_container import DIRECTORY, DOMAIN, HOST, REFUSED, Container, configuration, serial

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """HAProxy as it starts on a fresh host: before there is a certificate."""
    with haproxy_container.container() as made:
        haproxy_container.configure_pebble(made, tmp_path_factory.mktemp("pebble"))
        made.settings()
        done = made.certificate("--offline")
        assert done.returncode == 0, done.stderr
        assert f"{DIRECTORY} has not given a certificate for {DOMAIN} yet" in done.stderr
        made.start_haproxy(configuration("acme"))
        yield made


def test_before_the_first_certificate_a_placeholder_answers(host: Container) -> None:
    assert "not certified yet" in host.served().issuer.rfc4514_string()
    assert "has not given a certificate" in health.problem(host.report(), 0)


def test_the_first_certificate_is_served_without_a_reload(host: Container) -> None:
    worker = host.worker()
    done = host.certificate()
    assert done.returncode == 0, done.stderr
    served = host.served()
    served.verify_directly_issued_by(haproxy_container.root_of_pebble(host))
    assert served.serial_number == serial(host)
    assert host.worker() == worker
    assert host.report()["problem"] == ""


@pytest.mark.parametrize("name", [None, "unknown.example.com"], ids=["no SNI", "another name"])
def test_a_client_that_asks_for_no_name_or_another_one_gets_the_same(host: Container, name: str | None) -> None:
    assert host.served(name).serial_number == serial(host)


def test_nothing_is_ordered_before_it_is_due(host: Container) -> None:
    before = serial(host)
    done = host.certificate()
    assert (done.returncode, done.stdout) == (0, "")
    assert host.as_if(59) == ""
    assert serial(host) == before


def test_a_renewal_is_served_without_a_reload_and_kept_connections_live_on(host: Container) -> None:
    before, worker = serial(host), host.worker()
    with host.connect() as kept:
        ask(kept)
        assert host.as_if(61) == ""
        assert serial(host) != before
        assert host.served().serial_number == serial(host)
        ask(kept)
    assert host.worker() == worker


def ask(connection: object) -> None:
    """Ask over a connection that is kept."""
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())  # type: ignore[attr-defined]
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")  # type: ignore[attr-defined]


def test_a_challenge_that_fails_leaves_the_certificate_and_the_status_says_why(host: Container) -> None:
    before = serial(host)
    right = host.run("cat", str(HOST.thumbprints)).split()[1]
    host.ask(f"set map {HOST.thumbprints} {acme.ACCOUNT} wrong")
    problem = host.as_if(61)
    assert "key authorization" in problem.lower()
    assert host.served().serial_number == serial(host) == before
    not_after = float(str(host.report()["not_after"]))
    said = health.problem(host.report(), not_after - 29 * health.DAY)
    assert said.startswith("the certificate expires on ")
    assert problem in said
    assert "slipway_certificate_renewal_failing 1" in host.run("cat", str(HOST.metrics))
    host.ask(f"set map {HOST.thumbprints} {acme.ACCOUNT} {right}")
    assert host.as_if(61) == ""
    assert serial(host) != before


def test_an_order_that_is_refused_leaves_the_certificate(host: Container) -> None:
    before = serial(host)
    host.settings(domain=REFUSED)
    done = host.certificate()
    host.settings()
    assert done.returncode == 1
    assert f"{DIRECTORY} gave no certificate for {REFUSED}: " in done.stderr
    assert "policy" in done.stderr
    assert host.served().serial_number == serial(host) == before


def test_an_authority_that_is_away_leaves_the_certificate(host: Container) -> None:
    before = serial(host)
    host.run("pkill", "pebble")
    assert "Connection refused" in host.as_if(61)
    assert host.served().serial_number == serial(host) == before
    haproxy_container.start_pebble(host)
    # pebble forgets its accounts; the client registers again.
    assert host.as_if(61) == ""
    assert host.served().serial_number == serial(host) != before


def test_haproxy_starts_with_the_certificate_that_it_got_over_its_socket(host: Container) -> None:
    host.stop_haproxy()
    host.start_haproxy(configuration("acme"))
    assert host.served().serial_number == serial(host)


def test_while_haproxy_is_away_a_renewal_fails_and_later_succeeds(host: Container) -> None:
    before = serial(host)
    host.stop_haproxy()
    assert host.as_if(61)
    assert serial(host) == before
    host.start_haproxy(configuration("acme"))
    assert host.as_if(61) == ""
    assert host.served().serial_number == serial(host) != before


def test_only_challenges_are_answered_with_a_thumbprint(host: Container) -> None:
    for path, status in (
        ("/.well-known/acme-challenge/abc-_9", 200),
        ("/.well-known/acme-challenge/", 308),
        ("/.well-known/acme-challenge/%3Cscript%3E", 308),
        ("/.well-known/acme-challenge/a/b", 308),
        ("/docs", 308),
    ):
        connection = host.http()
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == status, path
        if status == 200:
            assert answer.read().decode() == f"abc-_9.{host.run('cat', str(HOST.thumbprints)).split()[1]}"
        else:
            assert answer.getheader("location") == f"https://{DOMAIN}{path}"
