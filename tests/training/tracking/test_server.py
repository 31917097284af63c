"""The check that a tracking server answers."""

from __future__ import annotations

import datetime
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from training.config import Config
from training.errors import TrainingError
from training.tracking import server


@pytest.fixture(autouse=True)
def _usual_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what the user of this machine may have set."""
    for variable in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "MLFLOW_TRACKING_INSECURE_TLS"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server that answers everything with 401."""

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Refuse) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()
        thread.join()


def test_a_missing_server_is_reported_at_once_and_without_the_password() -> None:
    with pytest.raises(TrainingError, match=r"tracking_uri='http://127.0.0.1:1/mlflow': no server") as caught:
        server.require(Config(tracking_uri="http://me:secret@127.0.0.1:1/mlflow"))
    assert "secret" not in str(caught.value)


def test_a_server_that_wants_a_login_counts_as_reachable(refusing: str) -> None:
    server.require(Config(tracking_uri=refusing))


@pytest.mark.parametrize("uri", ["", "sqlite:////none/mlflow.db", "databricks"])
def test_only_http_addresses_are_checked(uri: str) -> None:
    server.require(Config(tracking_uri=uri))


def own_certificate() -> bytes:
    """Return a self-signed certificate of localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return secret + made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server with a self-signed certificate, and the path of that certificate."""
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(own_certificate())
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as site:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        site.socket = context.wrap_socket(site.socket, server_side=True)
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"https://localhost:{site.server_port}", certificate
        site.shutdown()
        thread.join()


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_that_mlflow_trusts_is_trusted(
    over_tls: tuple[str, Path], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = over_tls
    with pytest.raises(TrainingError, match="CERTIFICATE_VERIFY_FAILED"):
        server.require(Config(tracking_uri=url))
    monkeypatch.setenv(variable, str(certificate))
    server.require(Config(tracking_uri=url))
    monkeypatch.setenv(variable, "/nowhere.crt")
    with pytest.raises(TrainingError, match=r"no such file of trusted certificates: /nowhere\.crt"):
        server.require(Config(tracking_uri=url))


def test_certificates_are_not_checked_if_mlflow_does_not_check_them(
    over_tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    server.require(Config(tracking_uri=over_tls[0]))
