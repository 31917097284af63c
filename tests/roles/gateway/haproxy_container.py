"""A container with Debian's HAProxy, the command `slipway-certificate`, and pebble as the public authority."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from containers.docker import docker, succeeds
from containers.images import make, tag_of
from containers.labels import label
from roles.gateway.files.slipway_certificate import authority, pem
from roles.gateway.files.slipway_certificate.settings import Paths
from workstation.paths import ROOT, identity

NAME = f"slipway-certificate-{identity()}"
DOMAIN, REFUSED = "example.test", "refused.test"
DIRECTORY = "https://localhost:14000/dir"
HOST = Paths()
OWN = "/run/haproxy/own.sock"
ROLE = ROOT / "roles" / "gateway"
# What the templates get from the role; everything else in the configuration is about the test.
VARIABLES = {
    "_gateway_bind_v6": "",
    "_gateway_certificate": str(HOST.certificate),
    "_gateway_thumbprints": str(HOST.thumbprints),
}
CONFIGURATION = """
global
    log stdout format raw daemon
    stats socket {{ socket }} user root mode 600 level admin expose-fd listeners
    ssl-default-bind-options ssl-min-ver TLSv1.2

defaults slipway
    mode http
    log global
    timeout http-request 10s
    timeout client 60s
    timeout server 60s
    timeout connect 2s

frontend public from slipway
{% include 'entrance.cfg.j2' %}
    bind {{ own }} user root mode 600
    http-request return status 200 content-type text/plain lf-string "%[src] %[var(txn.plain)]"
{% include 'redirect.cfg.j2' %}
"""
PEBBLE = {
    "pebble": {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/srv/pebble.pem",
        "privateKey": "/srv/pebble.pem",
        "httpPort": 80,
        "tlsPort": 443,
        "domainBlocklist": [REFUSED],
        "profiles": {"default": {"description": "as of a public authority", "validityPeriod": 90 * 86400}},
    }
}
AS_IF = """
import sys
from datetime import UTC, datetime, timedelta
sys.path.insert(0, "/usr/local/lib/slipway")
from slipway_certificate import renewal, settings
paths = settings.Paths()
now = datetime.now(UTC) + timedelta(days=int(sys.argv[1]))
print(renewal.renew(settings.read(paths.settings), paths, now, offline=False)[1])
"""


def configuration(tls: str, domain: str = DOMAIN, **settings: object) -> str:
    """Return a configuration of HAProxy with the parts of the role that are about TLS."""
    loader = FileSystemLoader(ROLE / "templates")
    # As Ansible renders templates.
    environment = Environment(loader=loader, trim_blocks=True, undefined=StrictUndefined, autoescape=False)  # noqa: S701 no HTML
    template = environment.from_string(CONFIGURATION)
    return template.render(tls=tls, domain=domain, socket=HOST.socket, own=OWN, **VARIABLES, **settings)


class Container:
    """Runs commands in the container, and connects to HAProxy in it as a client does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str, stdin: str = "") -> str:
        """Return what a command prints; raises CommandError if it fails."""
        return docker("exec", "--interactive", self.name, *command, stdin=stdin.encode())

    def write(self, path: Path | str, text: str) -> None:
        """Write a file."""
        self.run("sh", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", stdin=text)

    def settings(self, tls: str = "acme", domain: str = DOMAIN) -> None:
        """Write the settings of the command, as the role does."""
        content = {"tls": tls, "domain": domain, "acme_directory": DIRECTORY, "acme_email": ""}
        self.write(HOST.settings, json.dumps(content))

    def start_haproxy(self, text: str) -> None:
        """Check a configuration and start HAProxy with it; return when it answers on its socket."""
        self.write("/srv/haproxy.cfg", text)
        self.run("haproxy", "-c", "-f", "/srv/haproxy.cfg")
        docker("exec", "--detach", self.name, "haproxy", "-W", "-f", "/srv/haproxy.cfg")
        self.run("sh", "-c", f"until echo 'show info' | {SOCAT} >/dev/null 2>&1; do sleep 0.05; done")

    def stop_haproxy(self) -> None:
        """Kill HAProxy and wait until it is gone."""
        self.run("sh", "-c", "pkill -KILL haproxy; while pgrep haproxy >/dev/null; do sleep 0.05; done; true")

    def ask(self, command: str) -> str:
        """Return HAProxy's answer on its runtime socket."""
        return self.run("sh", "-c", SOCAT, stdin=f"{command}\n")

    def worker(self) -> str:
        """Return the process ID of HAProxy's worker."""
        return dict(line.split(": ", 1) for line in self.ask("show info").splitlines() if ": " in line)["Pid"]

    def certificate(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command of the role."""
        command = ["docker", "exec", self.name, "slipway-certificate", *options]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def as_if(self, days: int) -> str:
        """Run the command as if so many days had passed; return the problem that it reports."""
        return self.run("python3", "-c", AS_IF, str(days))

    def report(self) -> dict[str, object]:
        """Return the report of the command."""
        found: dict[str, object] = json.loads(self.run("cat", str(HOST.report)))
        return found

    def port(self, inside: int) -> int:
        """Return the port of this computer that leads to one of the container."""
        return int(docker("port", self.name, str(inside)).splitlines()[0].rpartition(":")[2])

    def connect(self, name: str | None = DOMAIN) -> ssl.SSLSocket:
        """Return a TLS connection to HAProxy that trusts every certificate; without a name there is no SNI."""
        context = ssl._create_unverified_context()  # noqa: S323 the test looks at the certificate itself
        plain = socket.create_connection(("127.0.0.1", self.port(443)), 10)
        return context.wrap_socket(plain, server_hostname=name)

    def served(self, name: str | None = DOMAIN) -> x509.Certificate:
        """Return the certificate that a new connection gets."""
        with self.connect(name) as connection:
            return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")

    def http(self) -> http.client.HTTPConnection:
        """Return a connection to the port for plain HTTP."""
        return http.client.HTTPConnection("127.0.0.1", self.port(80), timeout=10)


# Debian's HAProxy comes without a client for its socket.
SOCAT = (
    'python3 -c "import socket, sys; s = socket.socket(socket.AF_UNIX); '
    f"s.connect('{HOST.socket}'); s.sendall(sys.stdin.buffer.read()); s.shutdown(1); "
    'sys.stdout.write(s.makefile().read())"'
)


@contextlib.contextmanager
def container() -> Iterator[Container]:
    """Start the container; HAProxy does not run yet."""
    make("host")
    docker("rm", "--force", NAME)
    mounts = {
        f"{ROLE}/files/slipway_certificate": "/usr/local/lib/slipway/slipway_certificate",
        f"{ROLE}/files/slipway-certificate": "/usr/local/bin/slipway-certificate",
    }
    options = [f"--mount=type=bind,source={path},target={target},readonly" for path, target in mounts.items()]
    options += [*options_for_pebble(), "--publish=127.0.0.1::80", "--publish=127.0.0.1::443", "--label", label()]
    docker("run", "--detach", "--init", "--name", NAME, *options, tag_of("host"), "sleep", "infinity")
    try:
        made = Container(NAME)
        made.run("mkdir", "-p", str(HOST.socket.parent))
        yield made
    finally:
        docker("rm", "--force", NAME)


def options_for_pebble() -> list[str]:
    """Return the options of `docker run` that bring pebble, which is built first if the cache does not have it."""
    tool = [sys.executable, "-m", "tools.go_tool", "pebble"]
    pebble = subprocess.run(tool, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()
    mount = f"--mount=type=bind,source={Path(pebble).parent},target=/srv/go-tools,readonly"
    return [mount, *(f"--add-host={name}:127.0.0.1" for name in (DOMAIN, REFUSED))]


def configure_pebble(made: Container, folder: Path) -> None:
    """Give pebble a certificate that the container trusts, and start it."""
    own = authority.ensure(_folder(folder), "pebble", datetime.now(UTC))
    server = own.issue(("localhost",), datetime.now(UTC))
    made.write("/srv/pebble.pem", server.pem().decode())
    made.write("/usr/local/share/ca-certificates/pebble.crt", own.certificate.public_bytes(Encoding.PEM).decode())
    made.run("update-ca-certificates")
    made.write("/srv/pebble.json", json.dumps(PEBBLE))
    start_pebble(made)


def start_pebble(made: Container) -> None:
    """Start pebble and wait until it answers."""
    command = ["/srv/go-tools/pebble", "-config", "/srv/pebble.json"]
    # By chance, it otherwise rejects each twentieth nonce and takes each second order without a challenge.
    names = ("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
    settings = [word for name in names for word in ("--env", name)]
    docker("exec", "--detach", *settings, made.name, *command)
    while not succeeds("exec", made.name, "curl", "--silent", "--fail", DIRECTORY):
        pass


def root_of_pebble(container: Container) -> x509.Certificate:
    """Return the certificate that issues those of pebble."""
    text = container.run("curl", "--silent", "--fail", "--insecure", "https://localhost:15000/intermediates/0")
    return x509.load_pem_x509_certificate(text.encode())


def serial(container: Container) -> int:
    """Return the serial number of the certificate in HAProxy's file."""
    found = pem.parse("", *(2 * [container.run("cat", str(HOST.certificate)).encode()]))
    return found.leaf.serial_number


def _folder(folder: Path) -> Paths:
    paths = Paths(folder)
    paths.private.mkdir(parents=True)
    return paths
