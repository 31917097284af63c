"""templates/entrance.cfg.j2 and redirect.cfg.j2, in Debian's HAProxy: who may connect, and who the client is."""

from collections.abc import Iterator

import pytest

from tests.roles.gateway import haproxy_container
from tests.roles.gateway.haproxy_container import DOMAIN, OWN, Container, configuration

pytestmark = pytest.mark.slow

BALANCER, STRANGER, CLIENT = "127.0.0.5", "127.0.0.9", "203.0.113.9"
# Prints what HAProxy sends until it closes the connection; the first argument is the sender's address.
SEND = """
import socket, sys
try:
    with socket.create_connection(("127.0.0.1", 80), 10, (sys.argv[1], 0)) as connection:
        connection.sendall(sys.stdin.buffer.read())
        while piece := connection.recv(65536):
            sys.stdout.write(piece.decode())
except (ConnectionResetError, BrokenPipeError):
    pass
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Container]:
    with haproxy_container.container() as made:
        made.settings("local")
        assert made.certificate("--offline").returncode == 0
        yield made


@pytest.fixture
def upstream(host: Container, request: pytest.FixtureRequest) -> Iterator[Container]:
    """HAProxy behind a load balancer; with the PROXY protocol if the test's parameter says so."""
    settings = {"tls_upstream_addresses": [BALANCER, "2001:db8::/64"], "tls_upstream_proxy_protocol": request.param}
    host.start_haproxy(configuration("upstream", **settings))
    yield host
    host.stop_haproxy()


def ask(host: Container, sender: str = BALANCER, proxy: str = "", **headers: str) -> str:
    """Return the answer to a request that a load balancer could send."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    text = "\r\n".join((f"{proxy}GET /docs HTTP/1.1", "Host: inside:80", "Connection: close", *lines, "", ""))
    return host.run("python3", "-c", SEND, sender, stdin=text)


@pytest.mark.parametrize("tls", ["acme", "local", "files"])
@pytest.mark.parametrize("domain", [DOMAIN, ""], ids=["a domain", "no domain"])
def test_haproxy_takes_the_configuration(host: Container, tls: str, domain: str) -> None:
    host.settings("acme")
    host.certificate("--offline")
    host.settings("local")
    host.write("/srv/checked.cfg", configuration(tls, domain))
    host.run("haproxy", "-c", "-f", "/srv/checked.cfg")


@pytest.mark.parametrize("upstream", [False, True], indirect=True, ids=["header", "PROXY"])
def test_nobody_but_the_load_balancer_may_connect(upstream: Container) -> None:
    said = {"X_Forwarded_For": CLIENT, "X_Forwarded_Proto": "https"}
    assert ask(upstream, STRANGER, **said) == ""
    assert ask(upstream, STRANGER, f"PROXY TCP4 {BALANCER} 192.0.2.1 4000 443\r\n", **said) == ""
    # The agent on this host asks over a socket.
    assert "HTTP/1.1 200" in upstream.run("curl", "-sSi", "--unix-socket", OWN, "http://localhost/")


@pytest.mark.parametrize("upstream", [False], indirect=True)
def test_the_client_is_the_last_address_in_the_header(upstream: Container) -> None:
    assert CLIENT in ask(upstream, X_Forwarded_For=f"198.51.100.1, {CLIENT}")
    assert BALANCER in ask(upstream, X_Forwarded_For="unknown")
    assert BALANCER in ask(upstream)


@pytest.mark.parametrize("upstream", [True], indirect=True)
def test_the_client_is_who_the_proxy_protocol_says(upstream: Container) -> None:
    proxy = f"PROXY TCP4 {CLIENT} 192.0.2.1 4000 443\r\n"
    assert CLIENT in ask(upstream, proxy=proxy)
    # A client can send the header itself.
    assert CLIENT in ask(upstream, proxy=proxy, X_Forwarded_For="198.51.100.1")
    assert "200 OK" not in ask(upstream)


def is_redirect(answer: str) -> bool:
    """Whether it leads to HTTPS; such an answer must not have the header that only HTTPS may carry."""
    moved = answer.startswith("HTTP/1.1 308")
    assert (f"location: https://{DOMAIN}/docs" in answer) == moved
    assert ("strict-transport-security: max-age=31536000" in answer) != moved
    return moved


@pytest.mark.parametrize("upstream", [False], indirect=True)
def test_plain_http_at_the_load_balancer_leads_to_https(upstream: Container) -> None:
    assert is_redirect(ask(upstream, X_Forwarded_Proto="http"))
    assert not is_redirect(ask(upstream, X_Forwarded_Proto="https"))
    # The load balancer's own health checks.
    assert not is_redirect(ask(upstream))


@pytest.mark.parametrize("upstream", [True], indirect=True)
def test_the_port_counts_if_the_load_balancer_reads_no_http(upstream: Container) -> None:
    plain, secure = (f"PROXY TCP4 {CLIENT} 192.0.2.1 4000 {port}\r\n" for port in (80, 443))
    assert is_redirect(ask(upstream, proxy=plain))
    assert not is_redirect(ask(upstream, proxy=secure))
    assert not is_redirect(ask(upstream, proxy=plain, X_Forwarded_Proto="https"))
    assert is_redirect(ask(upstream, proxy=secure, X_Forwarded_Proto="http"))


def test_without_a_domain_the_address_is_kept(host: Container) -> None:
    host.settings("local", "")
    assert host.certificate("--offline").returncode == 0
    host.start_haproxy(configuration("local", ""))
    answer = ask(host)
    assert "location: https://inside:80/docs" in answer
    address = host.run("hostname", "-I").split()[0]
    # As a client does that trusts the host's authority, and as one that does not care.
    for option in (["--cacert", str(haproxy_container.HOST.authority)], ["-k"]):
        assert "HTTP/2 200" in host.run("curl", "-sSi", *option, f"https://{address}/predict")
    host.stop_haproxy()
