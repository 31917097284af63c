"""The role `gateway`: its metrics listener, for those with the token and for nobody else."""

from collections.abc import Callable

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import CA, Gateway

UNITS = ("haproxy",)
PORT = 9443
TOKEN = "/run/slipway/secrets/metrics/token"  # its path
Converge = Callable[..., tuple[int, str]]


def ask(host: Host, path: str, token: str, *options: str) -> tuple[int, str]:
    """Return status and body; the status is 0 if the connection is closed."""
    command = f"curl -s --max-time 10 --cacert {CA} -w '\\n%%{{http_code}}' -H %s {' '.join(options)} %s"
    done = host.run(command, f"Authorization: Bearer {token}", f"https://localhost:{PORT}{path}")
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.fixture
def token(host: Host) -> str:
    return str(host.check_output(f"cat {TOKEN}"))


def test_who_has_the_token_sees_the_gateways_metrics(host: Host, gateway: Gateway, token: str) -> None:
    assert gateway.ask("/")[0] == 503
    status, body = ask(host, "/metrics/gateway", token)
    assert status == 200
    assert 'haproxy_frontend_http_requests_total{proxy="public"}' in body


@pytest.mark.parametrize("wrong", ["", "wrong", "# no token"])
@pytest.mark.parametrize("path", ["/metrics/gateway", "/metrics/x/y", "/"])
def test_nobody_else_does(host: Host, path: str, wrong: str) -> None:
    status, body = ask(host, path, wrong)
    assert status == 401
    assert "haproxy_" not in body


@pytest.mark.parametrize("path", ["/", "/metrics", "/metrics/", "/metrics/api", "/metrics/none/blue", "/docs"])
def test_there_is_nothing_else(host: Host, token: str, path: str) -> None:
    assert ask(host, path, token)[0] == 404


def test_the_public_port_has_none_also_with_the_token(host: Host, gateway: Gateway, token: str) -> None:
    for path in ("/metrics", "/metrics/gateway", "/metrics/api/blue"):
        assert gateway.ask(path, "-H", f"Authorization: Bearer {token}")[0] == 404


def test_only_this_host_reaches_it(host: Host) -> None:
    listening = [line.split()[3] for line in host.check_output("ss -Hltn").splitlines()]
    assert [address for address in listening if address.endswith(f":{PORT}")] == [f"127.0.0.1:{PORT}"]


def test_the_token_is_in_no_file_of_the_gateway(host: Host, token: str) -> None:
    assert host.run(f"grep --recursive --fixed-strings --file={TOKEN} /etc/haproxy").rc == 1
    assert token not in host.check_output("journalctl --unit=haproxy --output=cat")


def test_a_new_token_counts_after_a_run(host: Host, converge: Converge, token: str) -> None:
    host.check_output("rm /var/lib/slipway/secrets/metrics/token")
    code, output = converge()
    assert code == 0, output
    fresh = host.check_output(f"cat {TOKEN}")
    assert fresh != token
    assert fresh not in output
    assert [ask(host, "/metrics/gateway", each)[0] for each in (token, fresh)] == [401, 200]


def test_others_are_let_in_by_their_address(host: Host, converge: Converge, token: str) -> None:
    # The machine's own address in Docker's network stands for another machine.
    own = host.check_output("hostname -I").split()[0]
    resolve = f"--resolve localhost:{PORT}:{own} --interface {own}"
    assert ask(host, "/metrics/gateway", token, resolve)[0] == 0
    for allowed, status in (("10.255.255.0/30", 0), (own, 200)):
        code, output = converge(metrics_allow=[allowed])
        assert code == 0, output
        assert ask(host, "/metrics/gateway", token, resolve)[0] == status
    code, output = converge()
    assert code == 0, output
