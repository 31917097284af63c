"""The peers' configurations are complete, and those programs that are installed here accept them."""

import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from bench.gateway import peers, targets

NAMES = (targets.NGINX, targets.CADDY)
CHECKS = {
    targets.NGINX: ["nginx", "-t", "-q", "-p", "{folder}", "-c", "{file}"],
    targets.CADDY: ["caddy", "validate", "--adapter", "caddyfile", "--config", "{file}"],
}


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_a_configuration_is_filled_in(name: str) -> None:
    made = peers.config(name, Path("/folder"), "/run/http.sock")
    assert not re.search(r"@[A-Z]+@", made)
    assert f":{peers.PORTS[name]}" in made
    assert "/folder/server.crt" in made
    assert "/run/http.sock" in made


@pytest.mark.parametrize("name", NAMES)
def test_the_program_accepts_its_configuration(name: str, tmp_path: Path) -> None:
    if shutil.which(CHECKS[name][0]) is None:
        pytest.skip(f"{name} is not installed here; the benchmark itself starts it on the host")
    peers.make_certificate(tmp_path)
    file = tmp_path / "config"
    file.write_text(peers.config(name, tmp_path, "/run/http.sock"))
    command = [part.format(folder=tmp_path, file=file) for part in CHECKS[name]]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin", "HOME": "/none"})
    assert done.returncode == 0, done.stderr


def test_the_certificate_is_trusted_for_the_name_that_is_asked(tmp_path: Path) -> None:
    certificate = peers.make_certificate(tmp_path)
    client, server = ssl.create_default_context(cafile=certificate), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, certificate.with_suffix(".key"))
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(answered, asked, server_hostname=targets.NAME)
    there = server.wrap_bio(asked, answered, server_side=True)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert here.version() == "TLSv1.3"
    assert here.getpeercert()


def test_the_baseline_is_what_the_issue_measured() -> None:
    """It opens a connection for each request, and logs each one: that is what a new gateway is measured against."""
    made = peers.config(targets.CADDY, Path("/folder"), "/run/http.sock")
    assert "keepalive off" in made
    assert "output stderr" in made
    assert "buffer_requests" not in made
