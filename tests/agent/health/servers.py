"""Stand-ins on this machine: a Docker Engine behind a Unix socket, a gateway with a certificate, systemctl."""

import http.server
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "slipway.example.com"
# Prints what a file beside it says for each unit that it is asked for, as `systemctl show` does.
SYSTEMCTL = """\
#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
for unit; do cat "{folder}/$unit"; echo; done
"""


class Engine:
    """Answers for the containers in `containers`; `asked` counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []

    def run(self, name: str, *, status: str = "running", restarts: int = 0, age: float = 3600) -> None:
        began = datetime.now(UTC) - timedelta(seconds=age)
        # As Go writes it: with nine digits, and a Z.
        text = began.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
        self.containers[name] = {"State": {"Status": status, "StartedAt": text}, "RestartCount": restarts}

    def answer(self, path: str) -> tuple[int, bytes]:
        self.requests.append(path)
        if path == "/_ping":
            return 200, b"OK"
        found = self.containers.get("".join(path.split("/")[2:3]))
        return (200, json.dumps(found).encode()) if found else (404, b'{"message": "No such container"}')


class Gateway:
    """Answers each path with the status in `answers`."""

    def __init__(self, address: str, ca: Path) -> None:
        self.address, self.ca = address, ca
        self.answers: dict[str, int] = {}

    def answer(self, path: str) -> tuple[int, bytes]:
        return self.answers.get(path, 404), b"{}"


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler(answer: Any) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def address_string(self) -> str:
            return "a client"

    return Handler


@contextmanager
def engine(path: Path) -> Iterator[Engine]:
    """Run an engine."""
    made = Engine(path)
    with _UnixServer(str(path), _handler(made.answer)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """Run a gateway."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        made = Gateway(f"127.0.0.1:{server.server_port}", certificate)
        server.RequestHandlerClass = _handler(made.answer)
        # In the request's own thread, and not while the next one waits to be accepted.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "ca.crt", folder / "ca.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return paths


class Units:
    """A `systemctl` in the folder `programs`, and what it knows."""

    def __init__(self, programs: Path, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        program = programs / "systemctl"
        program.write_text(SYSTEMCTL.format(folder=folder))
        program.chmod(0o755)

    def set(self, unit: str, state: str = "active", *, enabled: str = "enabled", restarts: int = 0) -> Path:
        """Have systemd say this of a unit, and return the file that says it."""
        load = "loaded" if state else "not-found"
        lines = [f"LoadState={load}", f"ActiveState={state}", f"UnitFileState={enabled}", f"NRestarts={restarts}"]
        path = self.folder / unit
        path.write_text("\n".join([*lines, "ActiveEnterTimestampMonotonic=1"]) + "\n")
        return path
