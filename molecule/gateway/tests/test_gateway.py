"""The role `gateway`: what a client gets before the first release."""

import json
import re
from collections.abc import Callable

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import Gateway

UNITS = ("caddy",)
Converge = Callable[..., tuple[int, str]]
ROUTES = "/etc/caddy/slipway.d"
# The server behind a route: without a limit, it prints the length of every complete request.
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        wanted = int(self.headers.get("content-length", 0))
        length = len(self.rfile.read(wanted))
        while "chunked" in self.headers.get("transfer-encoding", "") and (size := int(self.rfile.readline(), 16)):
            length += len(self.rfile.read(size + 2)) - 2
        if length < wanted:
            return
        print("whole:", length, flush=True)
        self.send_response(200)
        self.send_header("server", "secret/1.0")
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"ok\\n")
    do_GET = do_POST
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
ROUTE = """
handle /test/{name}/* {{
	import bounded
	reverse_proxy 127.0.0.1:{port} {{
		import upstream
	}}
}}
"""


def write(host: Host, path: str, content: str) -> None:
    host.check_output("printf %%s %s >%s", content, path)


@pytest.fixture(scope="module")
def route(host: Host) -> str:
    """Return a route to a server that answers."""
    write(host, "/tmp/server.py", SERVER)
    host.check_output("systemd-run --unit=answering python3 /tmp/server.py 7001")
    write(
        host, f"{ROUTES}/test.caddy", ROUTE.format(name="answering", port=7001) + ROUTE.format(name="away", port=7002)
    )
    host.check_output("systemctl reload caddy")
    return "/test/answering/x"


def test_it_runs_now_and_after_a_boot(host: Host) -> None:
    assert host.service("caddy").is_running
    assert host.service("caddy").is_enabled


def test_before_the_first_release_the_answer_says_so(gateway: Gateway) -> None:
    status, headers, body = gateway.ask("/predict", "--json", "{}")
    assert status == 503
    assert json.loads(body) == {"error": "nothing is released yet"}
    assert int(headers["retry-after"]) > 0
    assert headers["content-type"] == "application/json"


def test_every_answer_has_the_headers_that_protect_its_reader(gateway: Gateway, route: str) -> None:
    for path in ("/", route):
        _, headers, _ = gateway.ask(path, "-d", "x")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"]
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "server" not in headers
        # A browser would remember it, and refuse the new certificate authority after a reinstall.
        assert "strict-transport-security" not in headers


def test_plain_http_leads_to_https(host: Host) -> None:
    answer = host.check_output("curl -sS -i http://localhost/docs?a=b")
    assert answer.startswith("HTTP/1.1 308")
    assert "Location: https://localhost/docs?a=b" in answer
    assert "Server:" not in answer


def test_a_route_answers_in_both_versions_of_http(gateway: Gateway, route: str) -> None:
    for version in ("--http1.1", "--http2"):
        status, _, body = gateway.ask(route, version, "-d", "x")
        assert (status, body) == (200, "ok\n")


def test_a_body_that_is_too_long_is_refused_with_its_limit(host: Host, gateway: Gateway, route: str) -> None:
    host.check_output("head -c 8388609 /dev/zero >/tmp/long; head -c 8388608 /dev/zero >/tmp/most")
    chunked = ("-H", "Transfer-Encoding: chunked", "--http1.1", "--data-binary")
    for options in (("--http1.1", "--data-binary"), chunked, ("--http2", "--data-binary"), ("--http2", "-XPOST", "-T")):
        source = "" if options[-1] == "-T" else "@"  # -T announces no length
        assert gateway.ask(route, *options, f"{source}/tmp/most")[0] == 200
        status, _, body = gateway.ask(route, *options, f"{source}/tmp/long")
        assert status == 413
        assert "8388608" in json.loads(body)["error"]


def test_a_body_that_breaks_off_reaches_nobody_as_a_whole_one(host: Host, gateway: Gateway, route: str) -> None:
    host.check_output("head -c 20000000 /dev/zero >/tmp/huge")
    # The gateway closes the connection while curl still sends, so curl may fail.
    host.run(f"curl -sS -k --http1.1 -H 'Transfer-Encoding: chunked' --data-binary @/tmp/huge https://localhost{route}")
    head = f"POST {route} HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 4321\\r\\n\\r\\n1234"
    connection = "openssl s_client -quiet -connect localhost:443 -servername localhost"
    host.run(f"printf '{head}' | timeout 3 {connection}")
    assert gateway.ask(route, "-d", "last")[0] == 200
    journal = host.check_output("journalctl --unit=answering --output=cat")
    whole = {int(length) for length in re.findall(r"^whole: (\d+)$", journal, re.MULTILINE)}
    assert len("last") in whole
    assert 4321 not in whole
    assert max(whole) <= 8388608


@pytest.mark.parametrize("options", [(), ("-d", "x")], ids=["GET", "POST"])
def test_what_is_away_is_waited_for_and_then_named(gateway: Gateway, route: str, options: tuple[str, ...]) -> None:
    status, headers, body = gateway.ask("/test/away/x", *options)
    assert status == 502
    assert json.loads(body) == {"error": "the service behind this path is down or starting"}
    assert int(headers["retry-after"]) > 0


def test_a_request_without_a_body_is_answered_by_what_starts_meanwhile(
    host: Host, gateway: Gateway, route: str
) -> None:
    host.check_output("systemctl stop answering")
    host.check_output(
        "systemd-run --unit=answering --on-active=1 --timer-property=AccuracySec=50ms python3 /tmp/server.py 7001"
    )
    assert gateway.ask(route)[0] == 200
    assert gateway.ask(route, "-d", "x")[0] == 200


def test_no_route_buffers_requests(host: Host) -> None:
    assert host.run(f"grep --recursive --no-messages '^[^#]*buffer_requests' {ROUTES} /etc/caddy/Caddyfile").rc == 1


def test_another_name_gets_no_certificate(host: Host) -> None:
    done = host.run("curl -sS -k --resolve other.example:443:127.0.0.1 https://other.example/")
    assert done.rc == 35


def test_a_header_that_does_not_end_is_not_waited_for(host: Host) -> None:
    slow = "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: '; sleep 20"
    done = host.run(f"({slow}) | timeout 15 openssl s_client -quiet -connect localhost:443 -servername localhost")
    assert done.rc != 124, "the connection was still open after 15 s"


def test_only_its_two_ports_are_open_to_others(host: Host) -> None:
    listening = host.check_output("ss -Hltun").splitlines()
    addresses = {line.split()[4] for line in listening}
    assert {address for address in addresses if not re.match(r"127\.|\[::1\]", address)} == {"*:80", "*:443"}


def test_its_authority_is_there_to_be_trusted_and_its_key_is_not(host: Host) -> None:
    assert host.file("/var/lib/slipway/gateway/ca.crt").mode == 0o644
    keys = host.check_output("find / -xdev -path /proc -prune -o -name 'root.key' -print").split()
    for key in keys:
        command = f"setpriv --reuid=65534 --regid=65534 --clear-groups cat {key} >/dev/null"
        assert host.run(command).failed


def test_nobody_else_can_reconfigure_it(host: Host) -> None:
    assert host.run("curl -sS --max-time 2 http://127.0.0.1:2019/config/").failed
    assert host.file("/run/caddy").mode == 0o700


def test_a_configuration_that_is_wrong_leaves_it_at_work(host: Host, gateway: Gateway) -> None:
    write(host, f"{ROUTES}/wrong.caddy", "handle /x {\n\tno_such_directive\n}\n")
    assert host.run("systemctl reload caddy").failed
    assert gateway.ask("/")[0] == 503
    host.check_output(f"rm {ROUTES}/wrong.caddy")
    host.check_output("systemctl reload caddy")


def test_broken_routes_are_set_aside_by_name_and_the_gateway_starts(
    host: Host, gateway: Gateway, converge: Converge
) -> None:
    names = ("api", "foreign")
    for name in names:
        write(host, f"{ROUTES}/{name}.caddy", "handle /x {\n\tno_such_directive\n}\n")
    host.check_output("systemctl stop caddy")
    code, message = converge()
    assert code == 0, message
    for name in names:
        # Ansible wraps the lines of a warning.
        assert f"{ROUTES}/{name}.caddy: renamed to {name}.caddy.broken because Caddy refuses it" in " ".join(
            message.split()
        )
        assert not host.file(f"{ROUTES}/{name}.caddy").exists
        assert "no_such_directive" in host.file(f"{ROUTES}/{name}.caddy.broken").content_string
    assert gateway.ask("/")[0] == 503
    code, message = converge()
    assert "changed=0 " in message
    host.check_output(f"rm {ROUTES}/*.broken")


def test_a_route_of_a_group_that_the_host_left_is_removed(host: Host, gateway: Gateway, converge: Converge) -> None:
    for name in ("mlflow", "foreign"):
        write(host, f"{ROUTES}/{name}.caddy", f"handle /{name}/* {{\n\terror 404\n}}\n")
    host.check_output("systemctl reload caddy")
    assert gateway.ask("/mlflow/x")[0] == 404
    code, message = converge(groups=("api",))
    assert code == 0, message
    assert gateway.ask("/mlflow/x")[0] == 503
    assert gateway.ask("/foreign/x")[0] == 404
    host.check_output(f"rm {ROUTES}/foreign.caddy")
    host.check_output("systemctl reload caddy")


def test_its_log_has_neither_queries_nor_headers(host: Host, gateway: Gateway) -> None:
    gateway.ask("/healthz?token=hidden-query", "-H", "Authorization: hidden-header")
    log = host.check_output("journalctl --unit=caddy --output=cat")
    assert '"uri":"/healthz' in log
    assert "hidden" not in log


def test_its_process_is_shut_in(host: Host) -> None:
    assert host.run("systemd-analyze security --threshold=20 caddy.service").rc == 0
