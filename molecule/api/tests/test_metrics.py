"""The role `api`: each colour's metrics on the gateway's metrics listener."""

from testinfra.host import Host

from containers.scenarios.gateway import CA, Gateway

UNITS = ("docker", "haproxy")
TOKEN = "/run/slipway/secrets/metrics/token"  # its path


def ask(host: Host, colour: str) -> tuple[int, str]:
    """Return status and body."""
    command = f"curl -sS --cacert {CA} -w '\\n%%{{http_code}}' -H \"Authorization: Bearer $(cat {TOKEN})\" %s"
    body, _, status = host.check_output(command, f"https://localhost:9443/metrics/api/{colour}").rpartition("\n")
    return int(status), body


def test_the_colour_that_serves_shows_its_metrics_and_the_other_is_away(host: Host, gateway: Gateway) -> None:
    assert gateway.ask("/readyz")[0] == 200
    serving = host.check_output("basename $(readlink /var/lib/slipway/api/current)")
    other = {"blue": "green", "green": "blue"}[serving]
    status, body = ask(host, serving)
    assert status == 200
    assert "# TYPE slipway_" in body
    assert ask(host, other)[0] == 503
    assert ask(host, "red")[0] == 404
