"""The role `gateway`: what a client gets before the first release."""

import json
import re
from collections.abc import Callable

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import Gateway

UNITS = ("haproxy",)
Converge = Callable[..., tuple[int, str]]
FOLDER = "/etc/haproxy/slipway"
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
# Paths below /answering and /away.
BACKENDS = """
backend answering from slipway
    http-request deny deny_status 413 if { req.body_size gt 8388608 }
    server answering 127.0.0.1:7001
backend away from slipway
    server away 127.0.0.1:7002
"""


def write(host: Host, path: str, content: str) -> None:
    host.check_output("printf %%s %s >%s", content, path)


def reload(host: Host) -> None:
    host.check_output("systemctl reload haproxy")


@pytest.fixture(scope="module")
def route(host: Host) -> str:
    """Return a route to a server that answers."""
    write(host, "/tmp/server.py", SERVER)
    host.check_output("systemd-run --unit=answering python3 /tmp/server.py 7001")
    write(host, f"{FOLDER}/test.cfg", BACKENDS)
    host.check_output(f"printf 'answering answering\\naway away\\n' >>{FOLDER}/routes.map")
    reload(host)
    return "/answering/x"


def test_it_runs_now_and_after_a_boot(host: Host) -> None:
    assert host.service("haproxy").is_running
    assert host.service("haproxy").is_enabled


def test_before_the_first_release_the_answer_says_so(gateway: Gateway) -> None:
    status, headers, body = gateway.ask("/predict", "--json", "{}")
    assert status == 503
    assert json.loads(body) == {"error": {"code": "not_ready", "message": "nothing is released yet"}}
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
    assert "\nlocation: https://localhost/docs?a=b" in answer
    assert "server:" not in answer.lower()


def test_a_route_answers_in_both_versions_of_http(gateway: Gateway, route: str) -> None:
    for version in ("--http1.1", "--http2"):
        status, _, body = gateway.ask(route, version, "-d", "x")
        assert (status, body) == (200, "ok\n")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_body_that_announces_too_many_bytes_is_refused_before_it_is_sent(
    host: Host, gateway: Gateway, route: str, version: str
) -> None:
    host.check_output("head -c 8388609 /dev/zero >/tmp/long; head -c 8388608 /dev/zero >/tmp/most")
    assert gateway.ask(route, version, "--data-binary", "@/tmp/most")[0] == 200
    status, _, body = gateway.ask(route, version, "--data-binary", "@/tmp/long")
    assert status == 413
    found = json.loads(body)["error"]
    assert (found["code"], "8388608" in found["message"]) == ("body_too_large", True)


def test_a_body_that_breaks_off_reaches_nobody_as_a_whole_one(host: Host, gateway: Gateway, route: str) -> None:
    head = f"POST {route} HTTP/1.1\\r\\nHost: localhost\\r\\n"
    connection = "openssl s_client -quiet -connect localhost:443 -servername localhost"
    for rest in ("Content-Length: 4321\\r\\n\\r\\n1234", "Transfer-Encoding: chunked\\r\\n\\r\\n10e1\\r\\n1234"):
        host.run(f"printf '{head}{rest}' | timeout 3 {connection}")
    assert gateway.ask(route, "-d", "last")[0] == 200
    journal = host.check_output("journalctl --unit=answering --output=cat")
    whole = {int(length) for length in re.findall(r"^whole: (\d+)$", journal, re.MULTILINE)}
    assert len("last") in whole
    assert not {4, 4321} & whole - {len("last")}


@pytest.mark.parametrize("options", [(), ("-d", "x")], ids=["GET", "POST"])
def test_what_is_away_is_named(gateway: Gateway, route: str, options: tuple[str, ...]) -> None:
    status, headers, body = gateway.ask("/away/x", *options)
    assert status == 503
    assert json.loads(body)["error"]["message"] == "the service behind this path is down or starting"
    assert int(headers["retry-after"]) > 0


def test_it_answers_for_itself_while_no_backend_does(gateway: Gateway) -> None:
    assert gateway.ask("/gateway/healthz")[0] == 200


ENVELOPES = {
    "/predict": {"error": {"code": "not_ready", "message": "nothing is released yet"}},
    "/v2/models/x/infer": {"error": "nothing is released yet"},
    "/invocations": {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "nothing is released yet"},
}


@pytest.mark.parametrize("path", ENVELOPES)
def test_an_error_has_the_form_of_its_protocol(gateway: Gateway, path: str) -> None:
    status, headers, body = gateway.ask(path, "-d", "x")
    assert (status, json.loads(body)) == (503, ENVELOPES[path])
    assert headers["content-type"] == "application/json"


def test_a_request_id_that_is_well_formed_is_kept_and_another_is_made(gateway: Gateway, route: str) -> None:
    assert gateway.ask(route, "-H", "X-Request-ID: a.B-7_")[1]["x-request-id"] == "a.B-7_"
    for wrong in ("a b", "x" * 65, "a%20b", '{"a":1}'):
        _, headers, _ = gateway.ask(route, "-H", f"X-Request-ID: {wrong}")
        assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-request-id"])


def test_a_browser_is_led_from_the_root_to_the_pages(gateway: Gateway) -> None:
    status, headers, _ = gateway.ask("/", "-H", "Accept: text/html,*/*")
    assert (status, headers["location"]) == (302, "/docs")
    assert gateway.ask("/", "-H", "Accept: application/json")[0] == 503


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/./metrics", "/%2fmetrics", "/METRICS", "/metrics?x"]
)
def test_metrics_are_not_for_the_public_however_they_are_spelled(gateway: Gateway, path: str) -> None:
    assert gateway.ask(path, "--path-as-is")[0] == 404


def test_a_header_that_does_not_end_is_not_waited_for(host: Host) -> None:
    slow = "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: '; sleep 20"
    done = host.run(f"({slow}) | timeout 15 openssl s_client -quiet -connect localhost:443 -servername localhost")
    assert done.rc != 124, "the connection was still open after 15 s"


def test_only_its_two_ports_are_open_to_others(host: Host) -> None:
    listening = host.check_output("ss -Hltun").splitlines()
    addresses = {line.split()[4] for line in listening}
    public = {address for address in addresses if not re.match(r"127\.|\[::1\]", address)}
    # Each for IPv4, and for IPv6 where the kernel has it.
    assert {address.rpartition(":")[2] for address in public} == {"80", "443"}


def test_its_authority_is_there_to_be_trusted_and_its_key_is_not(host: Host) -> None:
    assert host.file("/var/lib/slipway/gateway/ca.crt").mode == 0o644
    keys = host.check_output("find /var/lib/slipway -name '*.key' -o -name '*.pem'").split()
    assert len(keys) >= 2
    for key in keys:
        command = f"setpriv --reuid=65534 --regid=65534 --clear-groups cat {key} >/dev/null"
        assert host.run(command).failed


@pytest.mark.parametrize("socket", ["admin", "master", "plain"])
def test_its_sockets_are_roots(host: Host, socket: str) -> None:
    path = f"/run/haproxy/{socket}.sock"
    connect = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
    assert host.run("setpriv --reuid=65534 --regid=65534 --clear-groups python3 -c %s", connect).failed
    host.check_output("python3 -c %s", connect)


def test_its_worker_is_a_plain_user_that_sees_only_the_sockets(host: Host) -> None:
    worker = host.check_output("pgrep --parent $(systemctl show --property=MainPID --value haproxy)").split()[-1]
    status = host.check_output(f"cat /proc/{worker}/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert host.check_output(f"stat --format=%U /proc/{worker}") == "haproxy"
    assert host.check_output(f"readlink /proc/{worker}/root") == "/var/lib/slipway/api"


def test_a_configuration_that_is_wrong_leaves_it_at_work(host: Host, gateway: Gateway) -> None:
    write(host, f"{FOLDER}/wrong.cfg", "backend x from slipway\n\tno_such_directive\n")
    assert host.run("systemctl reload haproxy").failed
    assert gateway.ask("/")[0] == 503
    host.check_output(f"rm {FOLDER}/wrong.cfg")
    reload(host)


def test_a_configuration_with_which_it_cannot_start_is_a_reload_that_failed(host: Host, gateway: Gateway) -> None:
    # HAProxy accepts it, and fails only when it starts.
    write(host, f"{FOLDER}/wrong.cfg", "frontend wrong from slipway\n\tbind /nowhere/wrong.sock\n")
    assert host.run("systemctl reload haproxy").failed
    assert "cannot start with the new configuration" in host.check_output("journalctl --unit=haproxy --output=cat")
    assert gateway.ask("/")[0] == 503
    host.check_output(f"rm {FOLDER}/wrong.cfg")
    reload(host)


def test_broken_routes_are_set_aside_by_name_and_the_gateway_starts(
    host: Host, gateway: Gateway, converge: Converge
) -> None:
    names = ("api", "foreign")
    for name in names:
        write(host, f"{FOLDER}/{name}.cfg", f"backend {name} from slipway\n\tno_such_directive\n")
    host.check_output("systemctl stop haproxy")
    code, message = converge()
    assert code == 0, message
    for name in names:
        # Ansible wraps the lines of a warning.
        assert f"{FOLDER}/{name}.cfg: renamed to {name}.cfg.broken because HAProxy refuses it" in " ".join(
            message.split()
        )
        assert not host.file(f"{FOLDER}/{name}.cfg").exists
        assert "no_such_directive" in host.file(f"{FOLDER}/{name}.cfg.broken").content_string
    assert gateway.ask("/")[0] == 503
    code, message = converge()
    assert "changed=0 " in message
    host.check_output(f"rm {FOLDER}/*.broken")


def test_a_route_of_a_group_that_the_host_left_is_removed(host: Host, gateway: Gateway, converge: Converge) -> None:
    for name in ("mlflow", "foreign"):
        write(host, f"{FOLDER}/{name}.cfg", f"backend {name} from slipway\n\thttp-request return status 418\n")
    reload(host)
    assert gateway.ask("/mlflow/x")[0] == 418
    code, message = converge(groups=("api",))
    assert code == 0, message
    assert gateway.ask("/mlflow/x")[0] == 503
    assert host.file(f"{FOLDER}/foreign.cfg").exists
    host.check_output(f"rm {FOLDER}/foreign.cfg")
    reload(host)


def test_its_log_has_neither_queries_nor_headers(host: Host, gateway: Gateway) -> None:
    gateway.ask("/healthz?token=hidden-query", "-H", "Authorization: hidden-header", "-H", "X-Request-ID: logged-7")
    log = host.check_output("journalctl --unit=haproxy --output=cat")
    (line,) = [json.loads(line) for line in log.splitlines() if "logged-7" in line]
    assert (line["path"], line["status"], line["request_id"]) == ("/healthz", 503, "logged-7")
    assert "hidden" not in log


def test_its_process_is_shut_in(host: Host) -> None:
    assert host.run("systemd-analyze security --threshold=25 haproxy.service").rc == 0
