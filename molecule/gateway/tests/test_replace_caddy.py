"""A host of a version whose gateway was Caddy: Caddy serves during the run, and HAProxy after it."""

import itertools
from collections.abc import Callable

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import Gateway

UNITS = ("haproxy", "caddy")
Converge = Callable[..., tuple[int, str]]
CADDYFILE = """{
	admin unix//run/caddy/admin.sock
	skip_install_trust
	auto_https disable_redirects
}
https://localhost {
	tls internal
	respond "served by Caddy"
}
"""
DROP_IN = "[Service]\nRuntimeDirectory=caddy\nExecStart=\nExecStart=/usr/bin/caddy run --config /etc/caddy/Caddyfile\n"
# Asks ten times a second, until a file is removed, and writes the status of each answer; 000 is none.
CLIENT = """
touch /tmp/asking
while [ -e /tmp/asking ]; do
    curl -sk -o /dev/null -w '%{http_code} ' --max-time 5 https://localhost/ >>/tmp/asked
    sleep 0.1
done
"""


@pytest.fixture
def caddy(host: Host) -> None:
    """Put the machine into the state of before: Caddy answers, and HAProxy is not there."""
    host.check_output(
        "systemctl stop haproxy && apt-get purge -qq --yes haproxy >/tmp/purge 2>&1 && rm -rf /etc/haproxy"
    )
    host.check_output("(apt-get update -qq && apt-get install -qq --yes --no-install-recommends caddy) >/tmp/apt 2>&1")
    host.check_output("mkdir -p /etc/systemd/system/caddy.service.d")
    host.check_output("printf %s %s >/etc/systemd/system/caddy.service.d/slipway.conf", "%s", DROP_IN)
    host.check_output("printf %s %s >/etc/caddy/Caddyfile", "%s", CADDYFILE)
    host.check_output("systemctl daemon-reload && systemctl restart caddy")
    host.check_output("curl -sSk --retry 20 --retry-connrefused --retry-delay 1 https://localhost/")


@pytest.mark.usefixtures("caddy")
def test_caddy_serves_until_haproxy_does(host: Host, gateway: Gateway, converge: Converge) -> None:
    host.check_output("systemd-run --unit=asking sh -c %s", CLIENT)
    code, output = converge()
    assert code == 0, output
    assert gateway.ask("/")[0] == 503
    host.check_output("rm /tmp/asking")
    asked = host.check_output("cat /tmp/asked").split()
    # 000: between both, connections are refused for a moment.
    assert [status for status, _ in itertools.groupby(each for each in asked if each != "000")] == ["200", "503"]
    assert (asked[0], asked[-1]) == ("200", "503")
    assert not host.package("caddy").is_installed
    assert not host.file("/etc/caddy").exists
    code, output = converge()
    assert "changed=0 " in output
