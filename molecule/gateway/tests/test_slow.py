"""The role `gateway`: clients that are slow or hostile, and the others, who are served all the same."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import CA, Gateway

UNITS = ("haproxy",)
FOLDER = "/etc/haproxy/slipway"
# Instead of the role's, so that the tests need not wait as long.
LIMIT_SECONDS = 3
A_SECOND = 1000
HEADER_SECONDS = 10
MEMORY_LIMIT_MB = 200
SHORTEN = "; ".join(f"s/timeout {name} .*/timeout {name} {LIMIT_SECONDS}s/" for name in ("client", "server"))
# One reads bodies and prints their length; the other one accepts connections and never reads.
BACKENDS = """
backend reading from slipway
    server reading 127.0.0.1:7003
backend stuck from slipway
    timeout server 60s
    server stuck 127.0.0.1:7004
"""
SERVERS = """
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        answer = b"%d" % len(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
stuck = socket.create_server(("127.0.0.1", 7004), backlog=2000)
http.server.ThreadingHTTPServer(("127.0.0.1", 7003), Handler).serve_forever()
"""
# The client's side, as a program on the machine: many connections would be slow through the test's own.
CLIENTS = f"""
import concurrent.futures, json, resource, socket, ssl, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
context = ssl.create_default_context(cafile="{CA}")
HEAD = b"POST /%s/x HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 8388608\\r\\n\\r\\n"

def connect(address="127.0.0.1"):
    plain = socket.create_connection(("127.0.0.1", 443), 30, (address, 0))
    return context.wrap_socket(plain, server_hostname="localhost")

def answer(connection):
    # What the gateway sends until it closes the connection, and after how many seconds.
    start, found = time.monotonic(), b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except OSError:
        pass
    head, _, body = found.decode().partition("\\r\\n\\r\\n")
    return (int(head.split()[1]) if head else 0), body, time.monotonic() - start

def ask(address="127.0.0.1"):
    # The seconds that another client waits for its answer.
    start, connection = time.monotonic(), connect(address)
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    assert answer(connection)[0] == 503
    return time.monotonic() - start

def send(connection, content):
    connection.setblocking(False)
    try:
        for _ in range(16):
            connection.send(content)
    except (ssl.SSLWantWriteError, BlockingIOError):
        pass

def memory():
    import subprocess
    main = subprocess.check_output(["systemctl", "show", "--property=MainPID", "--value", "haproxy"], text=True)
    workers = subprocess.check_output(["pgrep", "--parent", main.strip()], text=True).split()
    def resident(pid):
        with open(f"/proc/{{pid}}/status") as lines:
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    return max(map(resident, workers))

def headers():
    slow = [connect() for _ in range(100)]
    start, closed = time.monotonic(), 0
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: ")
    # A byte now and then does not help.
    while time.monotonic() - start < {HEADER_SECONDS} - 1:
        for connection in slow:
            connection.sendall(b"x")
        time.sleep(0.2)
    others = [ask() for _ in range(20)]
    answers = [answer(connection) for connection in slow]
    return {{"statuses": sorted({{status for status, _, _ in answers}}), "others": max(others),
            "seconds": time.monotonic() - start}}

def bodies():
    slow = [connect() for _ in range(50)]
    for connection in slow:
        connection.sendall(HEAD % b"reading" + b"1234")
    start = time.monotonic()
    others = [ask() for _ in range(20)]
    answers = [answer(connection) for connection in slow]
    return {{"statuses": sorted({{status for status, _, _ in answers}}), "others": max(others),
            "seconds": time.monotonic() - start}}

def idle():
    # After a request: a connection that sends none is closed much earlier.
    request = b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    kept = []
    for _ in range(2000):
        kept.append(connect())
        kept[-1].sendall(request)
        kept[-1].recv(65536)
    others = [ask() for _ in range(20)]
    resident, alive = memory(), 0
    for connection in kept:
        connection.sendall(request)
        alive += connection.recv(65536).startswith(b"HTTP/1.1 503")
    return {{"kept": alive, "others": max(others), "memory": resident}}

def unfinished():
    kept, before = [], memory()
    for _ in range(1000):
        connection = connect()
        connection.sendall(HEAD % b"stuck")
        send(connection, b"x" * 65536)
        kept.append(connection)
    found = {{"before": before, "memory": memory(), "others": max(ask() for _ in range(20)), "open": 0}}
    for connection in kept:
        try:
            connection.recv(1)
        except ssl.SSLWantReadError:
            found["open"] += 1
    return found

def flood():
    # As fast as a client can that waits for no answer before it asks again.
    requests, until = b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" * 100, time.monotonic() + 5
    def greedy():
        connection, count = connect(), {{b"503": 0, b"429": 0}}
        while time.monotonic() < until:
            connection.sendall(requests)
            answered, rest = 0, b""
            while answered < 100:
                *lines, rest = (rest + connection.recv(65536)).split(b"\\r\\n")
                for line in lines:
                    # A body has no line end: the next answer begins in its line.
                    _, mark, status = line.rpartition(b"HTTP/1.1 ")
                    if mark:
                        answered += 1
                        count[status[:3]] += 1
        return count
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(greedy) for _ in range(4)]
        others = []
        while time.monotonic() < until:
            others.append(ask("127.0.0.2"))
        counts = [future.result() for future in running]
    return {{"allowed": sum(count[b"503"] for count in counts), "refused": sum(count[b"429"] for count in counts),
            "others": max(others)}}

def log():
    # Failures, each of which is a line.
    connection, request = connect(), b"GET /none HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    answered = 0
    for _ in range(5000):
        connection.sendall(request)
        answered += connection.recv(65536).startswith(b"HTTP/1.1 ")
    return {{"answered": answered, "others": ask()}}

print(json.dumps(globals()[sys.argv[1]]()))
"""


def write(host: Host, path: str, content: str) -> None:
    host.check_output("printf %%s %s >%s", content, path)


@pytest.fixture(scope="module", autouse=True)
def servers(host: Host) -> Iterator[None]:
    """Two servers behind the gateway."""
    write(host, "/tmp/servers.py", SERVERS)
    write(host, "/tmp/clients.py", CLIENTS)
    host.check_output("systemd-run --unit=slow-servers python3 /tmp/servers.py")
    host.check_output(f"cp -a {FOLDER} /tmp/before")
    write(host, f"{FOLDER}/slow.cfg", BACKENDS)
    host.check_output(f"printf 'reading reading\\nstuck stuck\\n' >>{FOLDER}/routes.map")
    host.check_output("systemctl reload haproxy")
    yield
    host.check_output(f"rm -r {FOLDER} && mv /tmp/before {FOLDER} && systemctl reload haproxy")
    host.check_output("systemctl stop slow-servers")


@pytest.fixture(scope="module")
def shortened(host: Host) -> None:
    """Shorter limits for pauses."""
    host.check_output(f"sed -i {shlex.quote(SHORTEN)} {FOLDER}/00-gateway.cfg && systemctl reload haproxy")


def run(host: Host, what: str) -> dict[str, Any]:
    """Run clients on the machine and print what they saw."""
    found: dict[str, Any] = json.loads(host.check_output(f"python3 /tmp/clients.py {what}"))
    print(what, found)
    # A client that is neither slow nor hostile does not notice.
    assert found["others"] < 1
    return found


def test_a_header_that_does_not_arrive_is_not_waited_for(host: Host) -> None:
    found = run(host, "headers")
    assert found["statuses"] == [408]
    assert found["seconds"] < HEADER_SECONDS + 5


def test_two_thousand_idle_connections_disturb_nobody(host: Host) -> None:
    assert run(host, "idle")["kept"] == 2000


def test_a_thousand_unfinished_bodies_take_little_memory(host: Host) -> None:
    found = run(host, "unfinished")
    assert found["open"] == 1000
    assert found["memory"] < MEMORY_LIMIT_MB


def test_an_address_that_asks_as_fast_as_it_can_disturbs_nobody(host: Host) -> None:
    # On a workstation, the limit is out of reach.
    limit = f"s/sc_gpc_rate(0,0) ge [0-9]*/sc_gpc_rate(0,0) ge {A_SECOND}/"
    config = f"{FOLDER}/00-gateway.cfg"
    host.check_output(f"cp {config} /tmp/limited && sed -i {shlex.quote(limit)} {config} && systemctl reload haproxy")
    try:
        found = run(host, "flood")
    finally:
        host.check_output(f"mv /tmp/limited {config} && systemctl reload haproxy")
    assert found["refused"] > found["allowed"] > 0


def test_a_log_that_nobody_reads_stops_nobody(host: Host) -> None:
    # As if the disk of the journal hung: much more than its socket holds.
    host.check_output("pkill --signal STOP -x systemd-journal")
    try:
        found = run(host, "log")
    finally:
        host.check_output("pkill --signal CONT -x systemd-journal")
    assert found["answered"] == 5000


def test_a_header_that_is_too_long_is_refused(gateway: Gateway) -> None:
    # HAProxy refuses it before any of our rules, with a page of its own.
    assert gateway.ask("/predict", "--http1.1", "-H", f"X-Long: {'x' * 20_000}")[0] == 400


def test_a_body_that_pauses_is_not_waited_for(host: Host, shortened: None) -> None:
    found = run(host, "bodies")
    # By the gateway alone. The API has a shorter limit, for the whole of a body, and answers 408.
    assert found["statuses"] == [400]
    assert found["seconds"] < 2 * LIMIT_SECONDS + 5


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_an_upload_may_take_longer_than_every_limit_if_it_never_pauses(
    host: Host, gateway: Gateway, shortened: None, version: str
) -> None:
    host.check_output("head -c 1000000 /dev/zero >/tmp/upload")
    # The time is curl's own.
    options = ("--limit-rate", "180k", "--data-binary", "@/tmp/upload", "-w", r"\n%{time_total}")
    status, _, output = gateway.ask("/reading/x", version, *options)
    body, seconds = output.split()
    assert (status, body) == (200, "1000000")
    assert float(seconds) > LIMIT_SECONDS + 1
